/**
 * What the textbook says, done well: one transaction per command that locks the product's batches, in the same tables.
 *
 * Statements are prepared, and whatever does not need another one's answer is sent together with it, so a command takes
 * four round trips. Positions come from a sequence, which costs nothing; a log read by them would lose events, so this
 * baseline promises less than what it is compared with.
 */
import postgres from 'postgres'
import { fingerprintOf } from '../../../src/command/request.ts'
import type { Bench } from '../suite.ts'
import type { AllocateRequest } from '../support/stock.ts'
import type { Allocator } from './allocator.ts'

const CONNECTIONS = 32

export async function openTextbook({ onEnd }: Bench, databaseUrl: string): Promise<Allocator> {
  const sql = postgres(databaseUrl, { max: CONNECTIONS })
  onEnd(() => sql.end())
  // A row that is updated in place has a key of its own.
  await sql`alter table stock.batches drop constraint batches_partition_reference_version_pk,
    add primary key (partition, reference)`
  await sql`create sequence stock.positions start with 1000000`
  return {
    name: 'textbook',
    allocate: (request) => allocate(sql, request),
    servedElsewhere: false,
    lag: null,
  }
}

async function allocate(sql: postgres.Sql, { id, command }: AllocateRequest): Promise<void> {
  const { orderId, sku, quantity } = command
  await sql.begin(async (tx) => {
    const [batches, lines, receipts] = await Promise.all([
      tx`select reference, eta, quantity - allocated as available from stock.batches
        where partition = 0 and sku = ${sku} order by eta nulls first, reference for update`,
      tx`select quantity from stock.allocations where partition = 0 and order_id = ${orderId} and sku = ${sku}`,
      tx`select answer from stock.receipts where partition = 0 and command_id = ${id}`,
    ])
    if (lines.length > 0 || receipts.length > 0) throw new Error('The order has the line already.')
    const batch = batches.find(({ available }) => available >= quantity)
    if (batch === undefined) throw new Error('Out of stock.')
    const batchReference = batch['reference'] as string
    const event = { orderId, sku, quantity, batchReference, eta: null }
    await Promise.all([
      tx`insert into stock.events (partition, position, type, data, command_id, recorded_at)
        values (0, nextval('stock.positions'), 'LineAllocated', ${tx.json(event)}, ${id}, now())`,
      tx`update stock.batches set allocated = allocated + ${quantity}, version = currval('stock.positions')
        where partition = 0 and reference = ${batchReference}`,
      tx`insert into stock.allocations (partition, order_id, sku, quantity, batch_reference, placed)
        values (0, ${orderId}, ${sku}, ${quantity}, ${batchReference}, currval('stock.positions'))`,
      tx`insert into stock.receipts (command_id, partition, fingerprint, position, answer, recorded_at)
        values (${id}, 0, ${fingerprintOf(command)}, currval('stock.positions'), ${tx.json({ batchReference })}, now())`,
    ])
  })
}
