/** Ids of Redis stream entries, `<milliseconds>-<sequence>`: two unsigned 64-bit numbers that order the entries. */
declare const brand: unique symbol

export type EntryId = string & { readonly [brand]: 'EntryId' }

/** Sorts before every entry. */
export const ENTRY_ORIGIN = '0-0' as EntryId

/** @throws Error if the text does not have the form in which Redis writes ids */
export function parseEntryId(text: string): EntryId {
  if (!/^\d{1,20}-\d{1,20}$/.test(text))
    throw new Error(`${JSON.stringify(text)} is not the id of a stream entry.`)
  return text as EntryId
}

/** Compares numbers, because as text `9-0` would come after `10-0`. */
export function isAfter(a: EntryId, b: EntryId): boolean {
  const [aTime, aSequence] = numbersOf(a)
  const [bTime, bSequence] = numbersOf(b)
  return aTime === bTime ? aSequence > bSequence : aTime > bTime
}

export const latest = (a: EntryId, b: EntryId): EntryId => (isAfter(a, b) ? a : b)

export const earliest = (a: EntryId, b: EntryId): EntryId => (isAfter(a, b) ? b : a)

/** The greatest id before this one. */
export function before(id: EntryId): EntryId {
  const [time, sequence] = numbersOf(id)
  if (sequence > 0n) return `${time}-${sequence - 1n}` as EntryId
  return time === 0n ? ENTRY_ORIGIN : (`${time - 1n}-${MAX_NUMBER}` as EntryId)
}

const MAX_NUMBER = 2n ** 64n - 1n

const numbersOf = (id: EntryId) => id.split('-').map(BigInt) as [bigint, bigint]
