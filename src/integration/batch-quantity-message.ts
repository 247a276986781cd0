import type { Command } from '../domain/commands.ts'
import { InvalidValue, parseBatchReference, parseQuantity, parseReason } from '../domain/values.ts'

/**
 * Parses an entry of the stream `change_batch_quantity`. It has the fields `reference` (or `batchref`), `quantity` (or `qty`) and,
 * optionally, `reason`.
 *
 * @param fields names and values, alternating
 * @throws InvalidValue
 */
export function commandOf(fields: readonly string[]): Command {
  const message = new Map<string, string>()
  for (let at = 0; at + 1 < fields.length; at += 2)
    message.set(fields[at] as string, fields[at + 1] as string)
  const reference = message.get('reference') ?? message.get('batchref')
  const quantity = message.get('quantity') ?? message.get('qty')
  if (reference === undefined) throw new InvalidValue('The message has no field "reference".')
  if (quantity === undefined) throw new InvalidValue('The message has no field "quantity".')
  if (!/^\d{1,10}$/.test(quantity))
    throw new InvalidValue(`The quantity ${JSON.stringify(quantity)} is not a whole number.`)
  const reason = message.get('reason') ?? ''
  return {
    type: 'ChangeBatchQuantity',
    reference: parseBatchReference(reference),
    quantity: parseQuantity(Number(quantity), 0),
    reason: reason === '' ? null : parseReason(reason),
    expectedVersion: null,
  }
}
