/** Lists that are not Relay connections, such as a product's batches. They are bounded as well. */
import { badUserInput } from './errors.ts'

export const MAX_ENTRIES = 1000

export interface BoundedListArgs {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
}

/**
 * The entries that the arguments select.
 *
 * @param fallback the number of entries if `first` is null
 * @param keyOf the key by which `after` names an entry
 * @throws BAD_USER_INPUT
 */
export function entriesOf<T>(
  all: readonly T[],
  { first, after }: BoundedListArgs,
  fallback: number,
  keyOf: (entry: T) => string = () => '',
): T[] {
  const limit = first ?? fallback
  if (limit < 1 || limit > MAX_ENTRIES)
    throw badUserInput(`"first" is ${limit}; it must be from 1 to ${MAX_ENTRIES}.`)
  if (after == null) return all.slice(0, limit)
  const last = all.findIndex((entry) => keyOf(entry) === after)
  if (last === -1) throw badUserInput(`"after" is ${JSON.stringify(after)}, which is not in this list.`)
  return all.slice(last + 1, last + 1 + limit)
}
