/** Clients take turns at replays, so that no client waits for another client's replays. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ReplayTurns } from '../../src/delivery/replay-turns.ts'
import type { Client } from '../../src/admission/client-shares.ts'
import { until } from '../support/until.ts'

const INTERVAL_MS = 20

/** Records which client gets a turn. */
function start(turns: number, turnsPerClient: number) {
  const all = new ReplayTurns({ intervalMs: INTERVAL_MS, turns, turnsPerClient })
  const given: Client[] = []
  const ask = (client: Client, times = 1, isWanted = () => true) => {
    for (let time = 0; time < times; time += 1) {
      void all.take(client, isWanted).then(() => {
        if (isWanted()) given.push(client)
      })
    }
  }
  return { given, ask }
}

test('a turn is granted at once if nobody waits', async () => {
  const { given, ask } = start(2, 1)
  ask('a')
  ask('b')
  await Promise.resolve()
  expect(given).toEqual(['a', 'b'])
})

test('a client with many replays does not delay others: clients get turns in rotation', async () => {
  const { given, ask } = start(2, 1)
  ask('greedy', 100)
  ask('a', 3)
  ask('b', 3)
  await until(() => given.filter((client) => client !== 'greedy').length === 6)
  expect(given.filter((client) => client === 'greedy').length).toBeLessThanOrEqual(6)
})

test('the number of turns is limited per client and in total', async () => {
  const { given, ask } = start(3, 2)
  const startedAt = performance.now()
  ask('a', 20)
  await until(() => given.length === 20)
  expect(performance.now() - startedAt).toBeGreaterThan(INTERVAL_MS * 8)
  const again = performance.now()
  for (const client of ['a', 'b', 'c', 'd']) ask(client, 6)
  await until(() => given.length === 44)
  expect(performance.now() - again).toBeGreaterThan(INTERVAL_MS * 6)
})

test('members that have left take no turns, and no timer remains', async () => {
  const { given, ask } = start(1, 1)
  const gone = { yet: false }
  ask('a', 1000, () => !gone.yet)
  ask('b', 2)
  gone.yet = true
  await until(() => given.length >= 2)
  expect(given.filter((client) => client === 'b')).toHaveLength(2)
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  await sleep(INTERVAL_MS * 3)
  const idle = timers()
  ask('c', 3)
  await until(() => given.filter((client) => client === 'c').length === 3)
  await until(() => timers() <= idle)
})
