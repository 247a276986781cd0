/**
 * Replaces a table by a rebuilt copy. Queries wait while the lock is held, so only the renames of tables and indexes happen under
 * it. All slow work is done before or after.
 */
import { sql } from 'drizzle-orm'
import type { Database } from '../lib/postgres.ts'

interface IndexRow extends Record<string, unknown> {
  readonly name: string
  readonly definition: string
  /** The definition of the constraint that the index implements; null if there is none. */
  readonly constraint: string | null
}

async function indexesOf(db: Database, tableName: string): Promise<IndexRow[]> {
  const rows = await db.execute<IndexRow>(
    sql`select c.relname as name, pg_get_indexdef(i.indexrelid) as definition,
        (select pg_get_constraintdef(oid) from pg_constraint where conindid = i.indexrelid) as constraint
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where i.indrelid = ${`views.${tableName}`}::regclass
      order by 1`,
  )
  return [...rows]
}

/** Gives the copy the old table's indexes, owner and grants. Indexing all rows at once is faster than row by row. */
export async function copyIndexesAndRights(db: Database, tableName: string, copyName: string): Promise<void> {
  const has = new Set((await indexesOf(db, copyName)).map(({ constraint }) => constraint))
  for (const { name, definition, constraint } of await indexesOf(db, tableName)) {
    if (constraint === null) {
      const columns = definition.slice(definition.indexOf(' USING '))
      await db.execute(
        sql`create index ${sql.identifier(`${name}_rebuild`)} on views.${sql.identifier(copyName)} ${sql.raw(columns)}`,
      )
    } else if (!has.has(constraint)) {
      await db.execute(sql`alter table views.${sql.identifier(copyName)} add ${sql.raw(constraint)}`)
    }
  }
  await copyRights(db, tableName, copyName)
}

/** Copies owner and grants, because the role that rebuilds may not be the owner. */
async function copyRights(db: Database, tableName: string, copyName: string): Promise<void> {
  const copy = sql`views.${sql.identifier(copyName)}`
  const grants = await db.execute<{ grantee: string; privilege: string; option: string }>(
    sql`select case when acl.grantee = 0 then 'public' else acl.grantee::regrole::text end as grantee,
        acl.privilege_type as privilege, case when acl.is_grantable then ' with grant option' else '' end as option
      from pg_class c, aclexplode(c.relacl) acl
      where c.oid = ${`views.${tableName}`}::regclass and acl.grantee <> c.relowner`,
  )
  for (const { grantee, privilege, option } of grants)
    await db.execute(sql`grant ${sql.raw(privilege)} on ${copy} to ${sql.raw(grantee + option)}`)
  const [owner] = await db.execute<{ name: string; ours: boolean }>(
    sql`select relowner::regrole::text as name, relowner = current_user::regrole as ours
      from pg_class where oid = ${`views.${tableName}`}::regclass`,
  )
  if (owner?.ours === false) await db.execute(sql`alter table ${copy} owner to ${sql.raw(owner.name)}`)
}

/** Builds the rename statements, before the lock is taken. */
export async function planSwap(db: Database, tableName: string, copyName: string, oldName: string) {
  const copied = await indexesOf(db, copyName)
  const formOf = ({ definition, constraint }: IndexRow) =>
    `${constraint} ${definition.slice(definition.indexOf(' USING '))}`
  const rename = (kind: 'table' | 'index', from: string, to: string) =>
    `alter ${kind} views.${quoted(from)} rename to ${quoted(to)}`
  const statements = [rename('table', tableName, oldName), rename('table', copyName, tableName)]
  for (const old of await indexesOf(db, tableName)) {
    const at = copied.findIndex((candidate) => formOf(candidate) === formOf(old))
    const [index] = at === -1 ? [] : copied.splice(at, 1)
    if (index === undefined) throw new Error(`The new table has no index like ${old.name}.`)
    statements.push(rename('index', old.name, `${old.name}_old`), rename('index', index.name, old.name))
  }
  return statements
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Whether a long transaction uses the table. Queuing for the lock behind it would block queries. */
export async function isUsedByLongTransaction(db: Database, tableName: string): Promise<boolean> {
  const rows = await db.execute(
    sql`select from pg_locks l join pg_stat_activity a using (pid)
      where l.relation = ${`views.${tableName}`}::regclass and l.granted and l.pid <> pg_backend_pid()
        and l.database = (select oid from pg_database where datname = current_database())
        and a.xact_start < clock_timestamp() - interval '1 second' limit 1`,
  )
  return rows.length > 0
}
