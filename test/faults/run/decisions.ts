/** Decides which command a caller sends next. The decision depends only on the caller's random stream, never on an answer. */
import { ETAS, FIRST_BATCHES, HOT_SKUS, QUIET_SKUS, SHARED_ORDERS } from './catalogue.ts'
import type { Command } from './history.ts'
import type { Random } from './random.ts'

export interface Decision {
  readonly id: string
  readonly command: Command
  /** How many requests send it at the same time. */
  readonly copies: number
  /** Whether it is repeated until it is answered, or given up after the first failure. */
  readonly insists: boolean
  /** A different command that is sent with the same id after the answer. */
  readonly reuse: Command | null
  /** Whether the product is then read with the token of the answer. */
  readonly reads: boolean
  readonly pauseMs: number
}

const REMEMBERED = 40

/** @returns a function that makes the next decision */
export function createDecisions(caller: string, random: Random): () => Decision {
  const lines: { orderId: string; sku: string }[] = []
  const references = FIRST_BATCHES.map(({ reference }) => reference)
  let count = 0

  const anySku = () => random.pick(random.chance(0.6) ? HOT_SKUS : QUIET_SKUS)

  function allocate(): Command {
    const again = lines.length > 0 && random.chance(0.1) ? random.pick(lines) : null
    const orderId = random.chance(0.2) ? random.pick(SHARED_ORDERS) : `${caller}-${count}`
    const line = again ?? { orderId, sku: anySku() }
    if (again === null) lines.push(line)
    if (lines.length > REMEMBERED) lines.shift()
    return { type: 'allocate', ...line, quantity: random.chance(0.05) ? 500 : random.int(1, 6) }
  }

  function deallocate(): Command {
    const line = lines.length > 0 ? random.pick(lines) : { orderId: `${caller}-none`, sku: anySku() }
    return { type: 'deallocate', ...line }
  }

  function createBatch(): Command {
    const taken = random.chance(0.1)
    const reference = taken ? random.pick(references) : `${caller}-batch-${count}`
    if (!taken) references.push(reference)
    if (references.length > REMEMBERED) references.splice(FIRST_BATCHES.length, 1)
    const eta = random.chance(0.4) ? random.pick(ETAS) : null
    return { type: 'createBatch', reference, sku: anySku(), quantity: random.int(1, 60), eta }
  }

  function changeBatchQuantity(): Command {
    return {
      type: 'changeBatchQuantity',
      reference: random.chance(0.03) ? 'nowhere' : random.pick(references),
      quantity: random.int(0, 60),
      reason: null,
      expectedVersion: random.chance(0.1) ? '1' : null,
    }
  }

  const makers = { allocate, deallocate, createBatch, changeBatchQuantity }
  const weights = { allocate: 56, deallocate: 24, createBatch: 6, changeBatchQuantity: 14 }

  return () => {
    count += 1
    const command = makers[random.choose(weights)]()
    const isReused = command.type === 'allocate' && random.chance(0.03)
    return {
      id: `${caller} ${count}`,
      command,
      copies: random.chance(0.15) ? random.int(2, 3) : 1,
      insists: random.chance(0.7),
      reuse: isReused ? { ...command, quantity: command.quantity + 1 } : null,
      reads: random.chance(0.1),
      pauseMs: random.int(0, 40),
    }
  }
}
