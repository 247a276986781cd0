/** Many clients compete for the same stock at the same time. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, changeBatchQuantity, createBatch } from '../support/operations.ts'
import { unsoundness } from '../support/soundness.ts'

let one: TestOnhand
let other: TestOnhand

beforeAll(async () => {
  one = await startTestOnhand()
  other = await startTestOnhand({ database: one.database })
})

afterAll(async () => {
  await other.close()
  await one.close()
})

const turn = (at: number): TestOnhand => (at % 2 === 0 ? one : other)
const codes = (answers: Record<string, any>[]): string[] =>
  answers.map(({ userErrors }): string => userErrors[0]?.code ?? 'accepted').toSorted()

test('two processes create the same batch at once: one succeeds', async () => {
  for (let time = 0; time < 20; time += 1) {
    const answers = await Promise.all(
      [0, 1].map((at) => createBatch(turn(at), { reference: `b${time}`, sku: `s${time}`, quantity: 1 })),
    )
    expect(codes(answers)).toEqual(['BATCH_REFERENCE_TAKEN', 'accepted'])
  }
})

test('500 buyers at two processes compete for 300 units: 300 get one, 200 are rejected', async () => {
  await createBatch(one, { reference: 'hot', sku: 'hot', quantity: 300 })
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, at) =>
      allocate(turn(at), { orderId: `o${at}`, sku: 'hot', quantity: 1 }),
    ),
  )
  const found = codes(answers)
  expect(found.filter((code) => code === 'accepted')).toHaveLength(300)
  expect(found.filter((code) => code === 'OUT_OF_STOCK')).toHaveLength(200)
})

test('a command sent 50 times at once with one id is executed once, and all get its answer', async () => {
  await createBatch(one, { reference: 'once', sku: 'once', quantity: 100 })
  const send = (at: number) =>
    allocate(turn(at), { orderId: 'twin', sku: 'once', quantity: 7, commandId: 'the same' })
  const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => send(at)))
  expect(new Set(answers.map(({ token }) => token)).size).toBe(1)
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
  const { product } = await one.gql('{ product(sku: "once", consistentWith: "latest") { allocated } }')
  expect(product).toEqual({ allocated: 7 })
  const reused = await allocate(other, { orderId: 'twin', sku: 'once', quantity: 8, commandId: 'the same' })
  expect(reused.userErrors).toMatchObject([{ code: 'COMMAND_ID_REUSED' }])
})

test('batches shrink and grow while their stock is allocated, at two processes', async () => {
  await createBatch(one, { reference: 'x', sku: 'x', quantity: 100 })
  const buying = Array.from({ length: 300 }, (_, at) =>
    allocate(turn(at), { orderId: `x${at}`, sku: 'x', quantity: 1 + (at % 5) }),
  )
  const changing = Array.from({ length: 40 }, (_, at) =>
    changeBatchQuantity(turn(at), { reference: 'x', quantity: 20 + ((at * 37) % 200) }),
  )
  await Promise.all([...buying, ...changing])
  expect(await unsoundness(one.database.url)).toEqual([])
})
