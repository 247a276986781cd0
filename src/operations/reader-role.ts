/**
 * The role of all queries, which can read the schema `views` and nothing else. Roles belong to the whole cluster, so each database
 * has its own: with a common role, the owner of one installation could read all others.
 *
 * The role gets only the rights that it needs. If the owner of the database may not grant them, the error message lists the
 * statements that an administrator has to run.
 */
import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { Database } from '../lib/postgres.ts'
import { isForbidden } from '../lib/postgres-error.ts'

/** An administrator has to create or grant the role first. */
export class RolesMissing extends Error {
  override readonly name = 'RolesMissing'

  constructor(user: string, statements: readonly string[]) {
    super(
      `The database's role ${user} lacks rights that only an administrator can grant. Let one run these statements in this ` +
        `database, then try again (\`onhand migrate --print-roles\` prints them):\n\n${statements.join('\n')}`,
    )
  }
}

const PREFIX = 'onhand_reader_'
const MAX_NAME_BYTES = 63

/** @returns the name of the role; it depends only on the name of the database */
export function readerRole(url: string): string {
  const { pathname, username } = new URL(url)
  const database = decodeURIComponent(pathname.slice(1) || username)
  const name = `${PREFIX}${database}`
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name
  return `${PREFIX}${createHash('sha256').update(database).digest('hex').slice(0, 32)}`
}

interface Rights extends Record<string, unknown> {
  readonly user: string
  readonly database: string
  readonly canCreate: boolean
  /** Citus runs the statements of a role on its workers as that role, so the role must be able to log in. */
  readonly citus: boolean
  readonly exists: boolean
  readonly canLogin: boolean
  readonly canSet: boolean
}

/** @returns the statements that are still needed, in the order to run them */
export async function missingRoles(db: Database, role: string): Promise<string[]> {
  return statementsFor(await readRights(db, role), role)
}

/**
 * Creates the role and grants it to the database owner, unless that is done.
 *
 * @throws RolesMissing
 */
export async function ensureReaderRole(db: Database, role: string): Promise<void> {
  const rights = await readRights(db, role)
  // A user cannot grant itself the right to create schemas, and nothing works without it.
  if (!rights.canCreate) throw new RolesMissing(rights.user, statementsFor(rights, role))
  try {
    for (const statement of statementsFor(rights, role)) await db.execute(sql.raw(statement))
  } catch (error) {
    if (!isForbidden(error)) throw error
    throw new RolesMissing(rights.user, await missingRoles(db, role))
  }
}

/** Grants the role access to everything in the schema `views`, now and in the future. */
export async function grantReads(db: Database, role: string): Promise<void> {
  const [found] = await db.execute<{ complete: boolean }>(sql`
    select has_schema_privilege(${role}::name, 'views', 'usage')
      and (select coalesce(bool_and(has_table_privilege(${role}::name, c.oid, 'select')), true) from pg_class c
        where c.relnamespace = 'views'::regnamespace and c.relkind in ('r', 'p', 'v'))
      and (select coalesce(bool_and(has_function_privilege(${role}::name, p.oid, 'execute')), true) from pg_proc p
        where p.pronamespace = 'views'::regnamespace) as complete`)
  if (found?.complete === true) return
  const name = quoted(role)
  for (const statement of [
    `grant usage on schema views to ${name}`,
    `grant select on all tables in schema views to ${name}`,
    `grant execute on all functions in schema views to ${name}`,
    `alter default privileges in schema views grant select on tables to ${name}`,
  ])
    await db.execute(sql.raw(statement))
}

async function readRights(db: Database, role: string): Promise<Rights> {
  // Before version 16, every member of a role could set it.
  const [version] = await db.execute<{ number: string }>(
    sql`select current_setting('server_version_num') as number`,
  )
  const membership = Number(version?.number) >= 160_000 ? 'set' : 'member'
  const [rights] = await db.execute<Rights>(sql`
    select current_user as "user", current_database() as database,
      has_database_privilege(current_database(), 'create') as "canCreate",
      exists (select from pg_extension where extname = 'citus') as citus,
      found.oid is not null as exists,
      coalesce(found.rolcanlogin, false) as "canLogin",
      coalesce(pg_has_role(current_user, found.oid, ${membership}), false) as "canSet"
    from (values (${role}::name)) wanted(name) left join pg_roles found on found.rolname = wanted.name`)
  return rights as Rights
}

function statementsFor(rights: Rights, role: string): string[] {
  const { user, database, canCreate, citus, exists, canLogin, canSet } = rights
  const name = quoted(role)
  return [
    ...(canCreate ? [] : [`grant create on database ${quoted(database)} to ${quoted(user)};`]),
    ...(exists ? [] : [`create role ${name} ${citus ? 'login' : 'nologin'};`]),
    ...(exists && citus && !canLogin ? [`alter role ${name} login;`] : []),
    ...(canSet ? [] : [`grant ${name} to ${quoted(user)};`]),
  ]
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
