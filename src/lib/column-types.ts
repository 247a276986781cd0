/** Column types that Drizzle lacks, or that Onhand defines differently. */
import { bigint, customType } from 'drizzle-orm/pg-core'

/**
 * Text that compares byte by byte with any collation of the database: ids sort the same everywhere, and an index on them
 * supports prefix searches.
 */
export const id = customType<{ data: string }>({ dataType: () => 'text collate "C"' })

export const position = (name: string) => bigint(name, { mode: 'bigint' })

/** A point in time, as a `Date`. */
export const instant = customType<{ data: Date; driverData: string }>({
  dataType: () => 'timestamptz',
  toDriver: (value) => value.toISOString(),
  fromDriver: (value) => new Date(value),
})
