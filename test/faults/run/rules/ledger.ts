/** Checks that followers of `stockMoved` got exactly the log of each partition. */
import { isDeepStrictEqual } from 'node:util'
import type { Movement, Seen, Witness } from '../history.ts'
import type { Model } from '../model/fold.ts'
import { violation } from '../violation.ts'
import type { Violation } from '../violation.ts'
import type { Rule } from './evidence.ts'

const RULE = 'stockMoved equals the log: nothing missing, nothing twice'

export const ledgersAreWhole: Rule = ({ history, model }) =>
  history.witnesses
    .filter(({ followsLedger }) => followsLedger)
    .flatMap((witness) =>
      [...model.movements].flatMap(([partition, movements]) => whole(witness, partition, movements, model)),
    )

/** @returns only the first difference, because it may cause all others */
function whole(
  { name, movements: followed }: Witness,
  partition: number,
  expected: readonly Movement[],
  { products }: Model,
): Violation[] {
  const found = followed.filter(({ value }) => products.get(value.sku)?.partition === partition)
  for (let at = 0; at < Math.max(found.length, expected.length); at += 1) {
    const [seen, movement] = [found[at], expected[at]]
    if (seen !== undefined && isDeepStrictEqual({ ...seen.value }, movement)) continue
    return [
      violation(
        RULE,
        `${name}, partition ${partition}: ${difference(seen, movement, found[at - 1])}`,
        (seen ?? found[at - 1])?.at,
      ),
    ]
  }
  return []
}

function difference(
  seen: Seen<Movement> | undefined,
  movement: Movement | undefined,
  before: Seen<Movement> | undefined,
): string {
  const after = before === undefined ? 'at first' : `after ${before.value.position} (${before.at} s)`
  if (seen === undefined) return `${after} nothing came; the log has ${JSON.stringify(movement)}`
  if (movement === undefined) return `${after} came ${JSON.stringify(seen.value)}; the log has no more`
  return `${after} came ${JSON.stringify(seen.value)}; the log has ${JSON.stringify(movement)}`
}
