/** The cost of checking tokens, and which tokens fail. */
import { describe, expect, test } from 'vitest'
import { InvalidValue } from '../../src/domain/values.ts'
import type { LogPosition } from '../../src/domain/values.ts'
import { deferred } from '../../src/lib/deferred.ts'
import { TooManyWaits, createConsistency, waitTogether } from '../../src/progress/consistency.ts'
import type { Looked } from '../../src/live/log-history.ts'
import { Progress } from '../../src/progress/progress.ts'
import { LogReplaced } from '../../src/log/replaced.ts'
import { parseToken } from '../../src/log/token.ts'
import { EPOCH, point } from '../support/events.ts'

/** A process with a log of two partitions. It receives progress only from the test, and reads progress itself only when the test allows it. */
function start({ maxWaits = 10 } = {}) {
  const known = new Map([
    [0, 10n as LogPosition],
    [1, 20n as LogPosition],
  ])
  const log = { looks: 0, answer: deferred<void>(), head: 10n as LogPosition }
  const progress = new Progress()
  const history = {
    epoch: EPOCH,
    head: (partition: number) => known.get(partition) as LogPosition,
    async look(): Promise<Looked> {
      log.looks += 1
      await log.answer.promise
      known.set(0, log.head)
      return { epoch: EPOCH, progress: [] }
    },
  }
  const consistency = createConsistency({ history, progress, partitions: 2, timeoutMs: 60_000, maxWaits })
  return { ...consistency, log, progress }
}

describe('a token', () => {
  test('that the projection has reached causes no read', async () => {
    const { reached, progress, log } = start()
    progress.advance('orders', 0, point(10), null)
    await reached('orders', parseToken('e1.0:10'))
    expect(log.looks).toBe(0)
  })

  test.each(['e1.2:0', 'e1.0:1,2:1'])('for an unknown partition fails without a read: %s', async (text) => {
    const { reached, log } = start()
    await expect(reached('orders', parseToken(text))).rejects.toThrow(InvalidValue)
    expect(log.looks).toBe(0)
  })

  test('beyond the last known head waits for one read of progress, and then for the projection', async () => {
    const { reached, progress, log } = start()
    const wait = reached('orders', parseToken('e1.0:12'))
    log.head = 12n as LogPosition
    log.answer.resolve()
    progress.advance('orders', 0, point(12), null)
    await wait
    expect(log.looks).toBe(1)
  })

  test.each([
    ['beyond the end of the log', 'e1.0:12'],
    ['of another epoch', 'e0.0:5'],
  ])('%s fails after one read of progress', async (_, text) => {
    const { reached, log } = start()
    log.answer.resolve()
    await expect(reached('orders', parseToken(text))).rejects.toThrow(LogReplaced)
    expect(log.looks).toBe(1)
  })
})

test('the number of waiting reads is limited, whether they wait for progress or for a projection; further reads fail at once', async () => {
  const { reached, admit, log, progress } = start({ maxWaits: 3 })
  const waits = [
    reached('orders', parseToken('e1.0:10')),
    reached('orders', 'latest'),
    admit(parseToken('e1.0:12')) as Promise<void>,
  ]
  waits[2]?.catch(() => {})
  await expect(reached('orders', parseToken('e1.0:10'))).rejects.toThrow(TooManyWaits)
  await expect(reached('batches', 'latest')).rejects.toThrow(TooManyWaits)
  progress.advance('orders', 0, point(10), null)
  log.answer.resolve()
  await Promise.allSettled(waits)
  await reached('orders', parseToken('e1.0:10'))
})

test('waiting reads fail at once when the log is replaced', async () => {
  const { reached, progress } = start()
  const wait = reached('orders', parseToken('e1.0:10'))
  await Promise.resolve()
  progress.reset(new LogReplaced('gone'))
  await expect(wait).rejects.toThrow(LogReplaced)
})

test('fields of a request with the same token wait together', async () => {
  const waits: string[] = []
  const answer = deferred<void>()
  const together = waitTogether((projection, asked) => {
    waits.push(`${projection} ${asked === 'latest' ? asked : asked.epoch}`)
    return answer.promise
  })
  const fields = Array.from({ length: 15 }, () => together('availability', parseToken('e1.0:7,1:9')))
  fields.push(together('orders', parseToken('e1.0:7,1:9')), together('orders', 'latest'))
  answer.resolve()
  await Promise.all(fields)
  expect(waits).toEqual(['availability e1', 'orders e1', 'orders latest'])
})
