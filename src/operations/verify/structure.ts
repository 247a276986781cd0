/** Checks that the database has all keys and constraints that protect it from bugs, and only rows of existing partitions. */
import { sql } from 'drizzle-orm'
import { getTableConfig } from 'drizzle-orm/pg-core'
import type { PgTable } from 'drizzle-orm/pg-core'
import * as command from '../../command/tables.ts'
import type { Database } from '../../lib/postgres.ts'
import * as log from '../../log/tables.ts'
import { projections } from '../../projection/all.ts'
import { partitionsIn } from '../../projector/compare.ts'
import * as projector from '../../projector/tables.ts'
import { checked } from './check.ts'
import type { Check } from './check.ts'

const tables: readonly PgTable[] = [
  log.installation,
  log.logPartitions,
  log.events,
  command.batches,
  command.batchReferences,
  command.allocations,
  command.receipts,
  command.streamPositions,
  projector.checkpoints,
  projector.checkpointPositions,
  projector.skippedEvents,
  ...projections.map((projection) => projection.tableNamed(projection.name)),
]

const nameOf = (table: PgTable): string => {
  const { schema, name } = getTableConfig(table)
  return `${schema}.${name}`
}

export async function checkConstraints(db: Database): Promise<Check> {
  const missing: string[] = []
  for (const table of tables) {
    const has = new Set(await constraintsOf(db, nameOf(table)))
    for (const wanted of expected(table))
      if (!has.has(wanted)) missing.push(`${nameOf(table)} has no valid ${wanted}`)
  }
  return checked('All constraints are in place.', missing, `${tables.length} tables`)
}

/** Describes the expected constraints in the same words as `constraintsOf`. */
function expected(table: PgTable): string[] {
  const { columns, primaryKeys, uniqueConstraints, checks } = getTableConfig(table)
  const named = (list: readonly { name: string }[]) => list.map(({ name }) => name).join(', ')
  return [
    ...columns.filter(({ primary }) => primary).map(({ name }) => `primary key (${name})`),
    ...primaryKeys.map((key) => `primary key (${named(key.columns)})`),
    ...uniqueConstraints.map((unique) => `unique (${named(unique.columns)})`),
    ...checks.map(({ name }) => `check ${name}`),
    ...columns.filter(({ notNull }) => notNull).map(({ name }) => `not null ${name}`),
  ]
}

async function constraintsOf(db: Database, table: string): Promise<string[]> {
  const rows = await db.execute<{ found: string }>(
    sql`select case c.contype when 'p' then 'primary key (' when 'u' then 'unique (' else 'check ' end
        || case when c.contype = 'c' then c.conname::text else
          (select string_agg(a.attname, ', ' order by k.at) from unnest(c.conkey) with ordinality k(number, at)
            join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number) || ')' end as found
      from pg_constraint c where c.conrelid = to_regclass(${table}) and c.contype in ('p', 'u', 'c') and c.convalidated
      union all
      select 'not null ' || attname from pg_attribute
      where attrelid = to_regclass(${table}) and attnum > 0 and attnotnull`,
  )
  return rows.map(({ found }) => found)
}

export async function checkPartitions(db: Database, partitions: ReadonlySet<number>): Promise<Check> {
  const strange: string[] = []
  for (const table of tables.filter((one) => 'partition' in one)) {
    for (const partition of await partitionsIn(db, nameOf(table)))
      if (!partitions.has(partition))
        strange.push(`${nameOf(table)} has rows of partition ${partition}, which stock.log_partitions lacks`)
  }
  return checked('All rows are in partitions of the log.', strange, `${partitions.size} partition(s)`)
}
