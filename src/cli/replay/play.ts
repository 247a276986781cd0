/** Sends the planned commands, one after another per product and many products in parallel, and compares each answer. */
import { formatToken, parseToken } from '../../log/token.ts'
import type { ConsistencyToken, Epoch } from '../../log/token.ts'
import type { LogPosition } from '../../domain/values.ts'
import { inParallel } from '../caller.ts'
import type { Call } from '../caller.ts'
import type { ProductPlan, Step } from './plan.ts'
import { ExpectedStock } from './expected-stock.ts'

export interface PlayOptions {
  readonly call: Call
  readonly callers: number
  /** @param note the rejections so far */
  readonly onProgress: (done: number, note: string) => void
}

export interface Played {
  readonly rejections: ReadonlyMap<string, number>
  /** Number of commands that an earlier run had sent. */
  readonly replayed: number
  /** Descriptions of answers that differ from the expected ones. */
  readonly differences: readonly string[]
  /** The expected stock of each product. */
  readonly expectedStock: ReadonlyMap<string, ExpectedStock>
  /** Position of each product's last change by this run in the log of its partition. */
  readonly leftAt: ReadonlyMap<string, LogPosition>
  /** A point in the log after all commands. */
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

/** A product whose commands are being sent. */
interface Playing {
  readonly plan: ProductPlan
  readonly stock: ExpectedStock
  next: number
}

export async function play(products: readonly ProductPlan[], options: PlayOptions): Promise<Played> {
  const { call, callers, onProgress } = options
  const rejections = new Map<string, number>()
  const differences: string[] = []
  const positions = new Map<number, LogPosition>()
  let epoch: Epoch | null = null
  const leftAt = new Map<string, LogPosition>()
  let replayed = 0
  let done = 0
  const expectedStock = new Map(products.map((plan) => [plan.sku, new ExpectedStock(plan.opening)]))
  // Products without a command in progress. Each goes to the end after a step, so that all of them advance together.
  const waiting = products.map((plan): Playing => ({
    plan,
    stock: expectedStock.get(plan.sku) as ExpectedStock,
    next: 0,
  }))

  async function advance(playing: Playing): Promise<void> {
    const { plan, stock } = playing
    const step = plan.steps[playing.next] as Step
    const { input, expected } = prepare(plan, stock, step)
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
    const rejection = userErrors[0]?.code ?? null
    if (rejection !== null) rejections.set(rejection, (rejections.get(rejection) ?? 0) + 1)
    if (rejection !== expected) {
      differences.push(`${what}: ${rejection ?? 'accepted'}, expected ${expected ?? 'accepted'}`)
    }
    if (before) replayed += 1
    if (token !== null) remember(sku, parseToken(token))
    done += 1
    onProgress(done, [...rejections].map(([code, times]) => `${times} ${code}`).join(' '))
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
    rejections,
    replayed,
    differences,
    expectedStock,
    leftAt,
    token: epoch === null ? 'latest' : formatToken({ epoch, positions }),
  }
}

/** Builds the input of a step, and the code of the expected rejection (null: none). Applies the step to the expected stock. */
function prepare({ sku, reference }: ProductPlan, stock: ExpectedStock, step: Step) {
  switch (step.type) {
    case 'open':
      return { input: { reference, sku, quantity: stock.quantity }, expected: null }
    case 'allocate': {
      const { orderId, quantity } = step
      return {
        input: { orderId, sku, quantity },
        expected: stock.allocate(orderId, quantity) ? null : 'OUT_OF_STOCK',
      }
    }
    case 'deallocate': {
      const { orderId } = step
      return { input: { orderId, sku }, expected: stock.deallocate(orderId) ? null : 'LINE_NOT_ALLOCATED' }
    }
    case 'writeOff':
      stock.resize(Math.max(0, stock.quantity - step.units))
      return { input: { reference, quantity: stock.quantity, reason: 'written off' }, expected: null }
    default:
      return step satisfies never
  }
}
