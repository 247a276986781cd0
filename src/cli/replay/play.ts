/** Sends what was planned: a product's steps one after another, many products at a time; and compares each answer. */
import { formatToken, parseToken } from '../../log/token.ts'
import type { ConsistencyToken, Epoch } from '../../log/token.ts'
import type { LogPosition } from '../../domain/values.ts'
import { inParallel } from '../caller.ts'
import type { Call } from '../caller.ts'
import type { ProductPlan, Step } from './plan.ts'
import { Shelf } from './shelf.ts'

export interface PlayOptions {
  readonly call: Call
  readonly callers: number
  /** @param note refusals so far */
  readonly onProgress: (done: number, note: string) => void
}

export interface Played {
  readonly refusals: ReadonlyMap<string, number>
  /** Commands that an earlier run had sent. */
  readonly replayed: number
  /** Answers that are not as they should be. */
  readonly differences: readonly string[]
  /** What should have become of each product. */
  readonly shelves: ReadonlyMap<string, Shelf>
  /** Where in its partition's log each product was left. */
  readonly leftAt: ReadonlyMap<string, LogPosition>
  /** A point in the log after all of it. */
  readonly token: string
}

interface Payload {
  readonly token: string | null
  readonly replayed: boolean
  readonly userErrors: readonly { readonly code: string; readonly message: string }[]
}

const PAYLOAD = 'token replayed userErrors { code message }'
const mutation = (field: string, input: string) =>
  `mutation ($input: ${input}!) { answer: ${field}(input: $input) { ${PAYLOAD} } }`
const MUTATIONS = {
  open: mutation('createBatch', 'CreateBatchInput'),
  allocate: mutation('allocate', 'AllocateInput'),
  deallocate: mutation('deallocate', 'DeallocateInput'),
  writeOff: mutation('changeBatchQuantity', 'ChangeBatchQuantityInput'),
}

/** A product under way. */
interface Playing {
  readonly plan: ProductPlan
  readonly shelf: Shelf
  next: number
}

export async function play(products: readonly ProductPlan[], options: PlayOptions): Promise<Played> {
  const { call, callers, onProgress } = options
  const refusals = new Map<string, number>()
  const differences: string[] = []
  const positions = new Map<number, LogPosition>()
  let epoch: Epoch | null = null
  const leftAt = new Map<string, LogPosition>()
  let replayed = 0
  let done = 0
  const shelves = new Map(products.map((plan) => [plan.sku, new Shelf(plan.opening)]))
  // Those that nobody is at. Each goes to the end after a step, so that all of them move on together.
  const waiting = products.map((plan): Playing => ({ plan, shelf: shelves.get(plan.sku) as Shelf, next: 0 }))

  async function advance(playing: Playing): Promise<void> {
    const { plan, shelf } = playing
    const step = plan.steps[playing.next] as Step
    const { input, expected } = prepare(plan, shelf, step)
    const { answer } = await call<{ answer: Payload }>(MUTATIONS[step.type], {
      input: { ...input, commandId: step.commandId },
    })
    note(plan.sku, answer, expected, `${step.type} ${JSON.stringify(input)}`)
    playing.next += 1
    if (playing.next < plan.steps.length) waiting.push(playing)
  }

  function note(
    sku: string,
    { token, replayed: before, userErrors }: Payload,
    expected: string | null,
    what: string,
  ): void {
    const refusal = userErrors[0]?.code ?? null
    if (refusal !== null) refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1)
    if (refusal !== expected) {
      differences.push(`${what}: ${refusal ?? 'accepted'}, where it should be ${expected ?? 'accepted'}`)
    }
    if (before) replayed += 1
    if (token !== null) remember(sku, parseToken(token))
    done += 1
    onProgress(done, [...refusals].map(([code, times]) => `${times} ${code}`).join(' '))
  }

  function remember(sku: string, token: ConsistencyToken): void {
    epoch = token.epoch
    for (const [partition, position] of token.positions) {
      if (position > (positions.get(partition) ?? 0n)) positions.set(partition, position)
      leftAt.set(sku, position)
    }
  }

  await inParallel(callers, () => {
    const playing = waiting.shift()
    return playing && (() => advance(playing))
  })
  return {
    refusals,
    replayed,
    differences,
    shelves,
    leftAt,
    token: epoch === null ? 'latest' : formatToken({ epoch, positions }),
  }
}

/** What is to be sent, and with which code it should be refused; null if it should not. */
function prepare({ sku, reference }: ProductPlan, shelf: Shelf, step: Step) {
  switch (step.type) {
    case 'open':
      return { input: { reference, sku, quantity: shelf.quantity }, expected: null }
    case 'allocate': {
      const { orderId, quantity } = step
      return {
        input: { orderId, sku, quantity },
        expected: shelf.allocate(orderId, quantity) ? null : 'OUT_OF_STOCK',
      }
    }
    case 'deallocate': {
      const { orderId } = step
      return { input: { orderId, sku }, expected: shelf.deallocate(orderId) ? null : 'LINE_NOT_ALLOCATED' }
    }
    case 'writeOff':
      shelf.resize(Math.max(0, shelf.quantity - step.units))
      return { input: { reference, quantity: shelf.quantity, reason: 'written off' }, expected: null }
    default:
      return step satisfies never
  }
}
