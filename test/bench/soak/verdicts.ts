/** By how much the sample at the end may differ from the sample after the first minute. */
import type { Table } from '../support/table.ts'
import type { Sample } from './sample.ts'

const MB = 2 ** 20

export interface Samples {
  readonly before: Sample
  readonly afterFirstMinute: Sample
  readonly atEnd: Sample
  /** Samples during the load. */
  readonly during: readonly Sample[]
}

interface Rule {
  readonly what: string
  readonly of: (sample: Sample) => number
  readonly format: (value: number) => string
  /** The limit at the end. */
  readonly most: (samples: Samples) => number
}

const count = (value: number): string => value.toLocaleString('en-US')
const megabytes = (value: number): string => (value / MB).toFixed(1)
const asAfterFirstMinute =
  (of: (sample: Sample) => number, more = 0) =>
  ({ afterFirstMinute }: Samples): number =>
    of(afterFirstMinute) + more

/** Caches for clients may grow to their limit, and the memory of the process with them. */
const keptSince = ({ afterFirstMinute, atEnd }: Samples): number =>
  Math.max(0, atEnd.kept - afterFirstMinute.kept)

const rules: readonly Rule[] = [
  {
    what: 'RSS, MB',
    of: ({ rss }) => rss,
    format: megabytes,
    // V8 returns the memory of a heap that was large gradually.
    most: (samples) => samples.afterFirstMinute.rss * 1.25 + keptSince(samples),
  },
  {
    what: 'heap after a collection, MB',
    of: ({ heap }) => heap,
    format: megabytes,
    most: (samples) => samples.afterFirstMinute.heap + keptSince(samples) + 16 * MB,
  },
  {
    what: 'outside of the heap, MB',
    of: ({ external }) => external,
    format: megabytes,
    most: asAfterFirstMinute(({ external }) => external, 8 * MB),
  },
  {
    what: 'kept for clients, MB',
    of: ({ kept }) => kept,
    format: megabytes,
    most: ({ atEnd }) => atEnd.keptLimit,
  },
  {
    what: 'live operations, MB',
    of: ({ liveOperations }) => liveOperations,
    format: megabytes,
    // The results of the staying clients grow by a digit.
    most: ({ afterFirstMinute }) => afterFirstMinute.liveOperations * 1.1,
  },
  exactly('backlogs, MB', ({ backlogs }) => backlogs, megabytes),
  {
    // Pools open more Postgres connections when they need them.
    what: 'open descriptors',
    of: ({ descriptors }) => descriptors,
    format: count,
    most: asAfterFirstMinute(({ descriptors }) => descriptors, 10),
  },
  {
    what: 'TCP sockets',
    of: ({ tcpSockets }) => tcpSockets,
    format: count,
    most: asAfterFirstMinute(({ tcpSockets }) => tcpSockets, 10),
  },
  exactly('WebSocket connections', ({ sockets }) => sockets),
  exactly('streams over HTTP', ({ streams }) => streams),
  exactly('live groups', ({ groups }) => groups),
  exactly('members of live groups', ({ members }) => members),
  exactly('watched products and orders', ({ watched }) => watched),
  {
    what: 'timers',
    of: ({ timers }) => timers,
    format: count,
    most: asAfterFirstMinute(({ timers }) => timers, 4),
  },
  {
    what: 'active resources of all kinds',
    of: ({ resources }) => resources,
    format: count,
    most: asAfterFirstMinute(({ resources }) => resources, 10),
  },
  exactly('uncaught errors', ({ uncaught }) => uncaught),
  exactly(
    'started at',
    ({ startedAt }) => startedAt,
    (at) => new Date(at * 1000).toISOString().slice(11, 19),
  ),
]

function exactly(what: string, of: (sample: Sample) => number, format = count): Rule {
  return { what, of, format, most: asAfterFirstMinute(of) }
}

export function compareSamples(title: string, samples: Samples): Table {
  const { before, afterFirstMinute, atEnd, during } = samples
  return {
    title,
    columns: ['', 'before', 'after the first minute', 'highest meanwhile', 'at the end', 'may be', 'verdict'],
    rows: rules.map(({ what, of, format, most }) => {
      const limit = most(samples)
      return [
        what,
        ...[of(before), of(afterFirstMinute), Math.max(...during.map(of)), of(atEnd)].map(format),
        format(limit),
        of(atEnd) <= limit ? 'ok' : 'GREW',
      ]
    }),
  }
}
