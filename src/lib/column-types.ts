/** Column types that Drizzle lacks or that Onhand wants otherwise. */
import { bigint, customType } from 'drizzle-orm/pg-core'

/**
 * Text that compares byte by byte, whatever the database's collation: ids sort the same everywhere, and an
 * index on them serves prefix searches.
 */
export const id = customType<{ data: string }>({ dataType: () => 'text collate "C"' })

export const position = (name: string) => bigint(name, { mode: 'bigint' })

/** A moment, as a `Date`, to the microsecond Postgres keeps. */
export const instant = customType<{ data: Date; driverData: string }>({
  dataType: () => 'timestamptz',
  toDriver: (value) => value.toISOString(),
  fromDriver: (value) => new Date(value),
})
