/** The initial stock of a bench, and its commands. */
import { v7 as uuidv7 } from 'uuid'
import type { CommandRequest } from '../../../src/command/request.ts'
import { createWriteSide } from '../../../src/command/write-side.ts'
import type { Allocate } from '../../../src/domain/commands/allocate.ts'
import {
  parseBatchReference,
  parseCalendarDate,
  parseCommandId,
  parseOrderId,
  parseQuantity,
  parseSku,
} from '../../../src/domain/values.ts'
import type { Sku } from '../../../src/domain/values.ts'
import { forCommands } from '../../../src/operations/connections.ts'
import { analyzeYoungTables } from '../../../src/operations/young-tables.ts'

export const SKUS: readonly Sku[] = Array.from({ length: 1000 }, (_, at) => parseSku(`SKU-${at}`))

/** Units of each of a product's two batches: more than any bench can allocate, and together within the limit per product. */
const BATCH_UNITS = parseQuantity(1_000_000_000, 1)

/** Creates all products, each with a batch in the warehouse and one on its way, with the write side of Onhand. */
export async function fillStock(databaseUrl: string): Promise<void> {
  const writeSide = createWriteSide({
    connection: forCommands(databaseUrl),
    partitions: 1,
    now: () => new Date(),
    onCommit: () => {},
    onCommandGroup: () => {},
  })
  const etas = [null, parseCalendarDate('2030-01-01')]
  await Promise.all(
    SKUS.flatMap((sku) =>
      etas.map((eta, at) =>
        writeSide.dispatcher.dispatch({
          id: parseCommandId(uuidv7()),
          command: {
            type: 'CreateBatch',
            reference: parseBatchReference(`${sku}-BATCH-${at}`),
            sku,
            quantity: BATCH_UNITS,
            eta,
          },
        }),
      ),
    ),
  )
  await analyzeYoungTables(writeSide.db)
  await writeSide.close()
}

export interface AllocateRequest extends CommandRequest {
  readonly command: Allocate
}

const ONE = parseQuantity(1, 1)

/** A line of a new order, with ids as the API generates them. */
export const allocateOne = (sku: Sku, orderId: string = `order-${uuidv7()}`): AllocateRequest => ({
  id: parseCommandId(uuidv7()),
  command: { type: 'Allocate', orderId: parseOrderId(orderId), sku, quantity: ONE },
})

/** Orders with a number of lines each, for adjacent products. */
export function* orderLines(lines: number): Generator<AllocateRequest, never> {
  for (let order = 0; ; order += 1) {
    for (let line = 0; line < lines; line += 1)
      yield allocateOne(SKUS[(order + line) % SKUS.length] as Sku, `order-${order}`)
  }
}

/** Always the first product; or random products, the same in every run. */
export function* skus(which: 'hot' | 'spread'): Generator<Sku, never> {
  // A linear congruential generator, Numerical Recipes' constants.
  for (let state = 1; ; state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) {
    yield SKUS[which === 'hot' ? 0 : (state >>> 8) % SKUS.length] as Sku
  }
}
