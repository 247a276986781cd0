/** The cost of delivery: messages per second of one server core, by number of watchers, compared with graphql-ws and the upper limit. */
import { CONTENDERS } from '../fanout/contender.ts'
import type { Contender } from '../fanout/contender.ts'
import { openStage } from '../fanout/stage.ts'
import type { Delivered } from '../fanout/stage.ts'
import type { Bench, Suite } from '../suite.ts'
import { canPin } from '../support/cores.ts'
import { median, spread } from '../support/median.ts'
import { formatNumber } from '../support/table.ts'

interface Load {
  readonly watchers: number
  readonly products: number
  /** Targets as multiples of unmodified graphql-ws, and of the bare loop. */
  readonly targets: readonly [graphqlWs: string, bare: string]
}

const LOADS: readonly Load[] = [
  { watchers: 1000, products: 1, targets: ['>= 4x', '>= 100 %'] },
  { watchers: 1000, products: 100, targets: ['–', '–'] },
  { watchers: 5000, products: 1, targets: ['–', '–'] },
  { watchers: 10_000, products: 1, targets: ['>= 8x', '>= 100 %'] },
]
/** A new connection acknowledges each of its first 16 or so segments at once, which costs the sender; an old one does not. */
const WARM_UP_CHANGES = 20
const STALLED = 50
const STALLED_UPDATES = 20_000
const KB = 1024

interface Measured {
  readonly load: Load
  readonly contender: Contender
  readonly rounds: readonly Delivered[]
  readonly rssAConnection: number
}

export const fanout: Suite = {
  name: 'fanout',
  about: 'messages per second of one server core, memory per connection, stalled clients, a reconnect storm',
  async run(bench) {
    const loads = bench.quick ? LOADS.slice(0, 2) : LOADS
    const measured: Measured[] = []
    for (const load of loads) {
      for (const contender of CONTENDERS) measured.push(await measure(bench, load, contender))
    }
    const storm = await reconnectStorm(bench, bench.quick ? 1000 : 10_000)
    const stalled = await stalledClients(bench, bench.quick ? 2000 : STALLED_UPDATES)
    return {
      tables: [
        {
          title: 'Fan-out, medians',
          columns: [
            'watchers',
            'of',
            'by',
            'messages/CPU s',
            'spread',
            'graphql-ws',
            'target',
            'ws.send',
            'target',
            'p50 ms',
            'p99 ms',
            'KB RSS each',
          ],
          rows: measured.map((own) => row(own, measured)),
        },
        {
          title: 'One group under stress',
          columns: ['what', 'measured', 'target'],
          rows: [
            [
              `${formatNumber(storm.clients)} clients reconnect at once: ms until all have the state`,
              formatNumber(storm.ms),
              '<= 10,000',
            ],
            ['… reads of the projection meanwhile', formatNumber(storm.reads), '0'],
            [
              `${STALLED} stalled clients, ${formatNumber(stalled.updates)} updates: KB each`,
              formatNumber(stalled.kbEach),
              '< 32',
            ],
            [
              '… p99 ms of the others, without and with them',
              `${formatNumber(stalled.p99Before)} and ${formatNumber(stalled.p99With)}`,
              'alike',
            ],
          ],
        },
      ],
      notes: [
        'Each watcher has a connection. Each change is published after all results of the one before have arrived, so none is omitted, and the CPU time is that of delivery.',
        'graphql-ws: unmodified `useServer` with the PubSub of graphql-subscriptions, which executes for each subscriber. ws.send: the same string for every socket, without the operation’s id, so clients could not use it. socket.write: the same with a frame that was made before.',
        'KB RSS each: of the server after a garbage collection, minus its RSS before the first connection.',
        canPin
          ? 'The server has one core, the clients the other.'
          : 'There is no taskset here, so server and clients share the cores.',
      ],
      data: { measured, storm, stalled },
    }
  },
}

async function measure(bench: Bench, load: Load, contender: Contender): Promise<Measured> {
  const { watchers, products } = load
  bench.say(`${watchers} watchers of ${products}: ${contender}`)
  const stage = await openStage(bench, contender, products)
  try {
    const empty = await stage.report()
    await stage.connect(watchers)
    const connected = await stage.report()
    const each = watchers / products
    const [rounds, messages] = bench.quick ? [2, 20_000] : [3, 100_000]
    const changes = Math.ceil(messages / each)
    await stage.deliver(Math.max(WARM_UP_CHANGES, Math.ceil(changes / 2)), each)
    const delivered: Delivered[] = []
    for (let round = 0; round < rounds; round += 1) delivered.push(await stage.deliver(changes, each))
    return {
      load,
      contender,
      rounds: delivered,
      rssAConnection: (connected.rssBytes - empty.rssBytes) / watchers,
    }
  } finally {
    stage.end()
  }
}

const perCpuSecond = ({ rounds }: Measured): number =>
  median(rounds.map(({ results, cpuSeconds }) => results / cpuSeconds))

function row(own: Measured, all: readonly Measured[]): string[] {
  const { load, contender, rounds, rssAConnection } = own
  const other = (by: Contender) => all.find((one) => one.load === load && one.contender === by) as Measured
  const graphqlWs = perCpuSecond(own) / perCpuSecond(other('unmodified graphql-ws'))
  const bare = (100 * perCpuSecond(own)) / perCpuSecond(other('bare ws.send'))
  const [graphqlWsTarget, bareTarget] = contender === 'onhand' ? load.targets : ['–', '–']
  return [
    formatNumber(load.watchers),
    load.products === 1 ? '1 product' : `${load.products} products`,
    contender,
    formatNumber(perCpuSecond(own)),
    spread(rounds.map(({ results, cpuSeconds }) => results / cpuSeconds)),
    `${formatNumber(graphqlWs)}x`,
    graphqlWsTarget,
    `${formatNumber(bare)} %`,
    bareTarget,
    formatNumber(median(rounds.map(({ p50Ms }) => p50Ms))),
    formatNumber(median(rounds.map(({ p99Ms }) => p99Ms))),
    formatNumber(rssAConnection / KB),
  ]
}

async function reconnectStorm(bench: Bench, clients: number) {
  bench.say(`${clients} clients reconnect at once`)
  const stage = await openStage(bench, 'onhand', 1)
  try {
    await stage.connect(clients)
    const before = await stage.report()
    const ms = await stage.reconnect()
    const after = await stage.report()
    return { clients, ms, reads: after.reads - before.reads }
  } finally {
    stage.end()
  }
}

async function stalledClients(bench: Bench, updates: number) {
  bench.say(`${STALLED} clients stall under ${updates} updates`)
  const stage = await openStage(bench, 'onhand', 1)
  const others = 200
  try {
    await stage.connect(others + STALLED)
    const before = await stage.deliver(updates / 10, others + STALLED)
    const { rssBytes, heapBytes } = await stage.report()
    stage.stall(STALLED)
    const during = await stage.deliver(updates, others)
    const after = await stage.report()
    const grown = Math.max(after.rssBytes - rssBytes, after.heapBytes - heapBytes)
    return {
      updates,
      kbEach: Math.max(0, grown) / KB / STALLED,
      p99Before: before.p99Ms,
      p99With: during.p99Ms,
    }
  } finally {
    stage.end()
  }
}
