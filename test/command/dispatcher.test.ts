/** How the dispatcher forms command groups, with writers that the test controls. */
import { describe, expect, test } from 'vitest'
import { Dispatcher } from '../../src/command/dispatcher.ts'
import type { CommandGroupReport } from '../../src/command/dispatcher.ts'
import { OutcomeUnknown, Overloaded, Unavailable } from '../../src/command/faults.ts'
import type { Written } from '../../src/command/partition-writer.ts'
import type { CommandRequest, Outcome } from '../../src/command/request.ts'
import type { Command } from '../../src/domain/commands.ts'
import type { LogPosition, Sku } from '../../src/domain/values.ts'
import { deferred } from '../../src/lib/deferred.ts'
import { CommitUnknown, ConnectionLost } from '../../src/lib/postgres.ts'
import { partitionOf } from '../../src/log/partition.ts'
import type { Commit } from '../../src/log/tail.ts'
import { logged, point, recorded } from '../support/events.ts'
import { allocate, changeBatchQuantity, createBatch } from '../support/stock.ts'
import { until } from '../support/until.ts'
import { request } from '../support/write-side.ts'

/** A writer whose command groups wait until the test ends them. */
class HeldWriter {
  readonly groups: {
    readonly ids: readonly string[]
    readonly end: (how?: Error | ((ids: string[]) => Written)) => void
  }[] = []

  async write(requests: readonly CommandRequest[]): Promise<Written> {
    const held = deferred<Written>()
    const ids = requests.map(({ id }) => id as string)
    this.groups.push({
      ids,
      end: (how = writes) => (how instanceof Error ? held.reject(how) : held.resolve(how(ids))),
    })
    return held.promise
  }

  async begun(groups: number): Promise<void> {
    await until(() => this.groups.length >= groups)
  }
}

const accepted: Outcome = {
  status: 'accepted',
  partition: 0,
  position: 1n as LogPosition,
  batchReference: null,
  replayed: false,
}

function writes(ids: string[]): Written {
  const event = recorded(1, { type: 'LineBackordered', orderId: 'o', sku: 'LAMP', quantity: 1 })
  return { outcomes: ids.map(() => accepted), events: logged([event]), from: point(0), head: point(1) }
}

function setUp(options: Partial<ConstructorParameters<typeof Dispatcher>[0]> = {}) {
  const writer = new HeldWriter()
  const commits: Commit[] = []
  const reports: CommandGroupReport[] = []
  const dispatcher = new Dispatcher({
    writers: [writer],
    skuOf: async () => undefined,
    answeredIn: async () => undefined,
    claimReferences: async (_, claims) => claims,
    now: () => new Date(),
    maxGroupCommands: 100,
    maxQueuedCommands: 100,
    onCommit: (commit) => commits.push(commit),
    onCommandGroup: (report) => reports.push(report),
    ...options,
  })
  const send = (id: string, command: Command = allocate('o', 'LAMP', 1)) =>
    dispatcher.dispatch(request(command, id))
  return { writer, commits, reports, dispatcher, send }
}

/** The status of the outcome, or the error as a value. */
const fate = (answer: Promise<Outcome>) =>
  answer.then(
    ({ status }) => status as unknown,
    (error: unknown) => error,
  )

describe('command groups', () => {
  test('contain the commands that arrive together, in the order of their arrival', async () => {
    const { writer, send } = setUp()
    const answers = ['a', 'b', 'c'].map((id) => send(id))
    await writer.begun(1)
    expect(writer.groups[0]?.ids).toEqual(['a', 'b', 'c'])
    writer.groups[0]?.end()
    expect(await Promise.all(answers)).toEqual([accepted, accepted, accepted])
  })

  test('gather while the previous group commits', async () => {
    const { writer, send } = setUp()
    const first = send('first')
    await writer.begun(1)
    const others = ['a', 'b'].map((id) => send(id))
    await turns()
    others.push(send('c'))
    await turns()
    expect(writer.groups).toHaveLength(1)
    writer.groups[0]?.end()
    await first
    await writer.begun(2)
    expect(writer.groups[1]?.ids).toEqual(['a', 'b', 'c'])
    writer.groups[1]?.end()
    await Promise.all(others)
  })

  test('include the next command of a caller who has just been answered', async () => {
    const { writer, send } = setUp()
    const again = send('first').then(() => send('again'))
    await writer.begun(1)
    const waiting = send('waiting')
    writer.groups[0]?.end()
    await writer.begun(2)
    expect(writer.groups[1]?.ids).toEqual(['waiting', 'again'])
    writer.groups[1]?.end()
    await Promise.all([again, waiting])
  })

  test('have at most maxGroupCommands commands', async () => {
    const { writer, send } = setUp({ maxGroupCommands: 2 })
    const answers = ['a', 'b', 'c', 'd', 'e'].map((id) => send(id))
    for (let group = 0; group < 3; group += 1) {
      await writer.begun(group + 1)
      writer.groups[group]?.end()
    }
    await Promise.all(answers)
    expect(writer.groups.map(({ ids }) => ids)).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })

  test('are reported', async () => {
    const { writer, send, reports } = setUp()
    const answers = [fate(send('a')), fate(send('b'))]
    await writer.begun(1)
    writer.groups[0]?.end(new Error('broken'))
    await Promise.all(answers)
    expect(reports).toEqual([{ commands: 2, durationMs: expect.any(Number), failed: true }])
  })
})

describe('an answer', () => {
  test('comes after the commit, and after onCommit was called', async () => {
    const { writer, send, commits } = setUp()
    const order: string[] = []
    const answer = send('a').then(() => order.push(`answered after ${commits.length} commit`))
    await writer.begun(1)
    await turns()
    expect(order).toEqual([])
    writer.groups[0]?.end()
    await answer
    expect(order).toEqual(['answered after 1 commit'])
    expect(commits).toEqual([
      {
        partition: 0,
        from: point(0),
        head: point(1),
        events: [expect.objectContaining({ position: 1n })],
      },
    ])
  })

  test('of a group that recorded no events does not call onCommit', async () => {
    const { writer, send, commits } = setUp()
    const answer = send('a')
    await writer.begun(1)
    writer.groups[0]?.end(() => ({ outcomes: [accepted], events: [], from: point(5), head: point(5) }))
    await answer
    expect(commits).toEqual([])
  })

  test('that is an error does not affect the other commands of the group', async () => {
    const { writer, send } = setUp()
    const answers = ['a', 'b', 'c'].map((id) => fate(send(id)))
    await writer.begun(1)
    const broken = new Error('a bug')
    writer.groups[0]?.end(() => ({
      outcomes: [accepted, broken, accepted],
      events: [],
      from: point(0),
      head: point(0),
    }))
    expect(await Promise.all(answers)).toEqual(['accepted', broken, 'accepted'])
  })
})

describe('a limit on the queue', () => {
  test('fails further commands at once, and accepts commands again when there is room', async () => {
    const { writer, send, dispatcher } = setUp({ maxQueuedCommands: 2 })
    const running = send('running')
    await writer.begun(1)
    const waiting = [send('a'), send('b')]
    await expect(send('too many')).rejects.toThrow(Overloaded)
    expect(dispatcher.queuedCommands).toBe(2)
    writer.groups[0]?.end()
    await running
    await writer.begun(2)
    const later = send('later')
    writer.groups[1]?.end()
    await writer.begun(3)
    writer.groups[2]?.end()
    await Promise.all([...waiting, later])
    expect(writer.groups.map(({ ids }) => ids)).toEqual([['running'], ['a', 'b'], ['later']])
  })
})

describe('close', () => {
  test('answers all queued commands, and accepts no more', async () => {
    const { writer, send, dispatcher } = setUp({ maxGroupCommands: 1 })
    const answers = ['a', 'b', 'c'].map((id) => send(id))
    await writer.begun(1)
    let closed = false
    const closing = dispatcher.close().then(() => (closed = true))
    await expect(send('too late')).rejects.toThrow(Unavailable)
    for (let group = 0; group < 3; group += 1) {
      await writer.begun(group + 1)
      expect(closed).toBe(false)
      writer.groups[group]?.end()
    }
    await closing
    expect(await Promise.all(answers)).toHaveLength(3)
  })

  test('of an idle dispatcher is immediate', async () => {
    await setUp().dispatcher.close()
  })
})

describe('when a command group fails', () => {
  const failing = async (error: Error) => {
    const { writer, send } = setUp()
    const answers = ['a', 'b'].map((id) => fate(send(id)))
    await writer.begun(1)
    writer.groups[0]?.end(error)
    return { faults: await Promise.all(answers), writer, send }
  }

  test('because COMMIT was not answered, the fault is OutcomeUnknown', async () => {
    const { faults } = await failing(new CommitUnknown('lost'))
    expect(faults).toEqual([expect.any(OutcomeUnknown), expect.any(OutcomeUnknown)])
  })

  test.each([
    new ConnectionLost('gone'),
    withCode('ECONNREFUSED'),
    withCode('57P01'),
    withCode('53300'),
    withCode('57014'),
  ])('because the database is unavailable (%s), the fault is Unavailable', async (error) => {
    const { faults } = await failing(new Error('Failed query', { cause: error }))
    expect(faults).toEqual([expect.any(Unavailable), expect.any(Unavailable)])
  })

  test('because of a bug, the error is passed on, and the next group is not affected', async () => {
    const { faults, writer, send } = await failing(new Error('a bug'))
    expect(faults).toEqual([new Error('a bug'), new Error('a bug')])
    const next = send('next')
    await writer.begun(2)
    writer.groups[1]?.end()
    expect(await next).toEqual(accepted)
  })

  test('because of a constraint violation, each command is written alone, and only the culprit fails', async () => {
    const { writer, send } = setUp()
    const answers = ['a', 'culprit', 'c'].map((id) => fate(send(id)))
    const violation = new Error('Failed query', { cause: withCode('23505') })
    await writer.begun(1)
    const later = fate(send('later'))
    writer.groups[0]?.end(violation)
    for (let group = 1; group <= 4; group += 1) {
      await writer.begun(group + 1)
      writer.groups[group]?.end(writer.groups[group]?.ids[0] === 'culprit' ? violation : undefined)
    }
    expect(await Promise.all(answers)).toEqual(['accepted', violation, 'accepted'])
    expect(await later).toBe('accepted')
    expect(writer.groups.map(({ ids }) => ids)).toEqual([
      ['a', 'culprit', 'c'],
      ['a'],
      ['culprit'],
      ['c'],
      ['later'],
    ])
  })
})

describe('with several partitions', () => {
  const partitions = 4
  const skuIn = (partition: number): string => {
    for (let at = 0; ; at += 1)
      if (partitionOf(`sku-${at}` as Sku, partitions) === partition) return `sku-${at}`
  }

  function setUpPartitions() {
    const writers = Array.from({ length: partitions }, () => new HeldWriter())
    const skuOf = async (reference: string) => (reference === 'known' ? (skuIn(3) as Sku) : undefined)
    return { writers, ...setUp({ writers, skuOf }) }
  }

  test('a command goes to the partition of its product, or of the batch that it names', async () => {
    const { writers, send } = setUpPartitions()
    const answers = [
      send('by sku', allocate('o', skuIn(2), 1)),
      send('new batch', createBatch('known', skuIn(1), 1)),
      send('by reference', changeBatchQuantity('known', 1)),
      send('unknown', changeBatchQuantity('unknown', 1)),
    ]
    for (const writer of writers) await writer.begun(1)
    expect(writers.map(({ groups }) => groups.map(({ ids }) => ids))).toEqual([
      [['unknown']],
      [['new batch']],
      [['by sku']],
      [['by reference']],
    ])
    for (const writer of writers) writer.groups[0]?.end()
    await Promise.all(answers)
  })

  test('one partition does not wait for another', async () => {
    const { writers, send } = setUpPartitions()
    const slow = send('slow', allocate('o', skuIn(0), 1))
    const fast = send('fast', allocate('o', skuIn(1), 1))
    await writers[0]?.begun(1)
    await writers[1]?.begun(1)
    writers[1]?.groups[0]?.end()
    expect(await fast).toEqual(accepted)
    writers[0]?.groups[0]?.end()
    await slow
  })

  test('each partition has its own limit', async () => {
    const writers = [new HeldWriter(), new HeldWriter()]
    const { send } = setUp({ writers, maxQueuedCommands: 1 })
    const sku = (partition: number) => (partitionOf('sku-0' as Sku, 2) === partition ? 'sku-0' : 'sku-1')
    const busy = send('busy', allocate('o', sku(0), 1))
    await writers[0]?.begun(1)
    const queued = send('queued', allocate('o', sku(0), 1))
    await expect(send('too many', allocate('o', sku(0), 1))).rejects.toThrow(Overloaded)
    const elsewhere = send('elsewhere', allocate('o', sku(1), 1))
    await writers[1]?.begun(1)
    for (const writer of writers) writer.groups[0]?.end()
    await writers[0]?.begun(2)
    writers[0]?.groups[1]?.end()
    await Promise.all([busy, queued, elsewhere])
  })
})

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/** Lets all pending work of the event loop run. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
