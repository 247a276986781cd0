/** Tests the checker: each rule reports the right change of a small, sound history. */
import { describe, expect, test } from 'vitest'
import { judge } from './run/checker.ts'
import type { Movement, ProductState, SentCommand, Witness } from './run/history.ts'
import { startHistory } from './run/history.ts'
import type { LoggedEvent } from './run/log.ts'
import { fold } from './run/model/fold.ts'
import type { Evidence, Tables } from './run/rules/evidence.ts'

const NOON = Date.UTC(2026, 0, 1, 12)

function event(position: number, type: string, commandId: string, data: object): LoggedEvent {
  const recordedAt = NOON + position
  return { partition: 0, position, type, data, commandId, recordedAt, endsCommand: true, endsCommit: true }
}

const CREATED = event(1, 'BatchCreated', 'create', { reference: 'b', sku: 'lamp', quantity: 10, eta: null })
const ALLOCATED = event(2, 'LineAllocated', 'allocate', {
  orderId: 'o',
  sku: 'lamp',
  quantity: 3,
  batchReference: 'b',
  eta: null,
})
const COUNTED = event(3, 'BatchQuantityChanged', '1-1', {
  reference: 'b',
  sku: 'lamp',
  eta: null,
  from: 10,
  to: 8,
  reason: 'b #1',
})
const LOG = [CREATED, ALLOCATED, COUNTED]

const accepted = (
  id: string,
  command: SentCommand['command'],
  token: string,
  batchReference: string | null,
) =>
  ({
    id,
    command,
    attempts: [
      {
        server: 'A',
        sentAt: 1,
        answeredAt: 2,
        result: { kind: 'accepted', token, batchReference, replayed: false },
      },
    ],
  }) satisfies SentCommand as SentCommand

const CREATE = accepted(
  'create',
  { type: 'createBatch', reference: 'b', sku: 'lamp', quantity: 10, eta: null },
  'x.0:1',
  null,
)
const ALLOCATE = accepted(
  'allocate',
  { type: 'allocate', orderId: 'o', sku: 'lamp', quantity: 3 },
  'x.0:2',
  'b',
)

function state(version: number, onHand: number, allocated: number): ProductState {
  const available = onHand - allocated
  const availableToPromise = [{ date: null, quantity: available, cumulative: available }]
  const figures = { onHand, allocated, available, incoming: 0, availableToPromise }
  return {
    sku: 'lamp',
    version: String(version),
    status: available > 5 ? 'IN_STOCK' : 'LOW_STOCK',
    ...figures,
  }
}

const LINES = [{ sku: 'lamp', quantity: 3, status: 'ALLOCATED', batchReference: 'b', eta: null }]

function witness(changed: Partial<Witness> = {}): Witness {
  const movements = (fold(LOG).movements.get(0) as readonly Movement[]).map((value) => ({ at: 3, value }))
  return {
    name: 'someone',
    products: [state(1, 10, 0), state(2, 10, 3), state(3, 8, 3)].map((value) => ({ at: 3, value })),
    orders: [{ at: 3, value: { id: 'o', lines: LINES } }],
    movements,
    watchedSkus: ['lamp'],
    watchedOrders: ['o'],
    followsLedger: true,
    errors: [],
    ...changed,
  }
}

function tables(changed: Partial<Tables> = {}): Tables {
  const batch = { reference: 'b', sku: 'lamp', partition: 0, eta: null, allocated: 3 }
  const [movements] = [witness().movements.map(({ value }) => value)]
  return {
    availability: [
      {
        sku: 'lamp',
        position: '3',
        status: 'LOW_STOCK',
        on_hand: 8,
        allocated: 3,
        available: 5,
        incoming: 0,
        partition: 0,
      },
    ],
    batches: [{ ...batch, quantity: 8, version: '3' }],
    batchesView: [{ ...batch, purchased: 8, position: '3' }],
    allocations: [
      { order_id: 'o', sku: 'lamp', partition: 0, quantity: 3, batch_reference: 'b', placed: '2' },
    ],
    orders: [{ order_id: 'o', partition: 0, position: '2', lines: LINES }],
    movements: movements.map((row) => ({
      partition: 0,
      position: row.position,
      sku: row.sku,
      type: row.type,
      quantity: row.quantity,
      batch_reference: row.batchReference,
      order_id: row.orderId,
      reason: row.reason,
      reference: row.reference,
      available_before: row.availableBefore,
      available_after: row.availableAfter,
      recorded_at: new Date(row.recordedAt),
    })),
    receipts: new Set(['create', 'allocate']),
    ...changed,
  }
}

interface Changed {
  readonly log?: readonly LoggedEvent[]
  readonly commands?: readonly SentCommand[]
  readonly witness?: Partial<Witness>
  readonly tables?: Partial<Tables>
}

function rulesBroken(changed: Changed): string[] {
  const history = startHistory()
  history.commands.push(...(changed.commands ?? [CREATE, ALLOCATE]))
  history.witnesses.push(witness(changed.witness))
  history.messages.push({
    sentAt: 1,
    reference: 'b',
    number: 1,
    quantity: 8,
    reason: 'b #1',
    taken: true,
    redisLife: 1,
  })
  const evidence: Evidence = {
    history,
    model: fold(changed.log ?? LOG),
    tables: tables(changed.tables),
    deadLetters: new Set(),
    redisLife: 1,
    verified: { command: 'verify', at: 9, code: 0, output: '' },
  }
  return [...new Set(judge(evidence).map(({ rule }) => rule))]
}

function answered(sent: SentCommand, ...results: SentCommand['attempts'][number]['result'][]): SentCommand {
  const attempts = results.map((result, at) => ({ server: 'A', sentAt: at, answeredAt: at + 0.5, result }))
  return { ...sent, attempts }
}

test('a sound history breaks no rule', () => {
  expect(rulesBroken({})).toEqual([])
})

describe('a rule is broken by', () => {
  test.each<[string, string, Changed]>([
    [
      'an acknowledged command that the log lacks',
      'acknowledged means: in the log, once',
      {
        commands: [
          CREATE,
          ALLOCATE,
          accepted('lost', { type: 'deallocate', orderId: 'p', sku: 'lamp' }, '0:3', null),
        ],
      },
    ],
    [
      'a rejected command that is in the log',
      'rejected means: not in the log',
      { commands: [CREATE, answered(ALLOCATE, { kind: 'rejected', code: 'OUT_OF_STOCK', replayed: false })] },
    ],
    [
      'an unavailable answer to a command that is in the log',
      'unavailable means: nothing was done',
      { commands: [CREATE, answered(ALLOCATE, { kind: 'failed', code: 'SERVICE_UNAVAILABLE' })] },
    ],
    [
      'a retry that was decided again',
      'a command that was decided is not decided again',
      {
        commands: [
          CREATE,
          answered(
            ALLOCATE,
            ...[1, 2].map(
              () => ({ kind: 'accepted', token: '0:2', batchReference: 'b', replayed: false }) as const,
            ),
          ),
        ],
      },
    ],
    ['a missing position', 'positions are gapless', { log: [CREATED, { ...COUNTED, position: 4 }] }],
    [
      'a clock that goes back',
      'recordedAt never runs backwards',
      { log: [CREATED, ALLOCATED, { ...COUNTED, recordedAt: NOON }] },
    ],
    [
      'more allocated than available',
      'never oversold',
      { log: [CREATED, { ...ALLOCATED, data: { ...ALLOCATED.data, quantity: 11 } }] },
    ],
    [
      'a line that gets stock twice',
      'every event can have happened',
      { log: [...LOG, { ...ALLOCATED, position: 4, commandId: 'again' }] },
    ],
    [
      'a message that is applied after a later one',
      'of two messages for a batch, the later one counts',
      { log: [...LOG, { ...COUNTED, position: 4, data: { ...COUNTED.data, from: 8, to: 8 } }] },
    ],
    [
      'a message that nobody applied',
      'no message that Redis has kept is lost',
      { log: [CREATED, ALLOCATED] },
    ],
    [
      'a missing receipt',
      'an answered command has its receipt',
      { tables: { receipts: new Set(['create']) } },
    ],
    ['a wrong row', 'table stock.batches matches the log', { tables: { batches: [] } }],
    [
      'a state from the middle of a command',
      'no client sees a state that never existed',
      { log: [CREATED, { ...ALLOCATED, endsCommit: false }, COUNTED] },
    ],
    [
      'a state that is followed by an older one',
      'versions only rise',
      { witness: { products: [state(3, 8, 3), state(2, 10, 3)].map((value) => ({ at: 3, value })) } },
    ],
    [
      'a watcher that never gets the last state',
      "every watcher's last state is true",
      { witness: { products: [{ at: 3, value: state(2, 10, 3) }] } },
    ],
    [
      'a missing movement',
      'stockMoved equals the log: nothing missing, nothing twice',
      { witness: { movements: witness().movements.toSpliced(1, 1) } },
    ],
    [
      'a movement that is sent twice',
      'stockMoved equals the log: nothing missing, nothing twice',
      { witness: { movements: witness().movements.flatMap((seen) => [seen, seen]) } },
    ],
  ])('%s', (_, rule, changed) => {
    expect(rulesBroken(changed)).toContain(rule)
  })
})
