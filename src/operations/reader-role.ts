/**
 * The role of all queries, which can read the schema `views` and nothing else. Roles belong to the whole cluster, so each
 * database has one of its own: with a common one, whoever owns one installation could read all others.
 *
 * Roles are made with as few rights as will do. What the owner of the database may not do itself is for an administrator, and is
 * said as the statements to run.
 */
import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { Database } from '../lib/postgres.ts'
import { isForbidden } from '../lib/postgres-error.ts'

/** An administrator has to see to the roles first. */
export class RolesMissing extends Error {
  override readonly name = 'RolesMissing'

  constructor(user: string, statements: readonly string[]) {
    super(
      `The database's role ${user} lacks rights that only an administrator can give. Have one run these statements in this ` +
        `database, then try again (\`onhand migrate --print-roles\` prints them):\n\n${statements.join('\n')}`,
    )
  }
}

const PREFIX = 'onhand_reader_'
const MAX_NAME_BYTES = 63

/** @returns the same for every URL that leads to a database of that name */
export function readerRole(url: string): string {
  const { pathname, username } = new URL(url)
  const database = decodeURIComponent(pathname.slice(1) || username)
  const name = `${PREFIX}${database}`
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name
  return `${PREFIX}${createHash('sha256').update(database).digest('hex').slice(0, 32)}`
}

interface Standing extends Record<string, unknown> {
  readonly user: string
  readonly database: string
  readonly canCreate: boolean
  /** Citus runs a reader's statements on its workers as the reader, who must be able to log in there. */
  readonly citus: boolean
  readonly exists: boolean
  readonly canLogin: boolean
  readonly canTakeOn: boolean
}

/** What is missing, as statements, those that the rest need first. */
export async function missingRoles(db: Database, role: string): Promise<string[]> {
  return statementsFor(await readStanding(db, role), role)
}

/**
 * Makes the role and lets the database's owner take it on, where that is not so yet.
 *
 * @throws RolesMissing
 */
export async function ensureReaderRole(db: Database, role: string): Promise<void> {
  const standing = await readStanding(db, role)
  // To make schemas is not for its own user to grant, and without it nothing else is of use.
  if (!standing.canCreate) throw new RolesMissing(standing.user, statementsFor(standing, role))
  try {
    for (const statement of statementsFor(standing, role)) await db.execute(sql.raw(statement))
  } catch (error) {
    if (!isForbidden(error)) throw error
    throw new RolesMissing(standing.user, await missingRoles(db, role))
  }
}

/** Lets the role read what is in the schema `views`, and what will be. */
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

async function readStanding(db: Database, role: string): Promise<Standing> {
  // Before version 16 every member of a role could take it on.
  const [version] = await db.execute<{ number: string }>(
    sql`select current_setting('server_version_num') as number`,
  )
  const membership = Number(version?.number) >= 160_000 ? 'set' : 'member'
  const [standing] = await db.execute<Standing>(sql`
    select current_user as "user", current_database() as database,
      has_database_privilege(current_database(), 'create') as "canCreate",
      exists (select from pg_extension where extname = 'citus') as citus,
      found.oid is not null as exists,
      coalesce(found.rolcanlogin, false) as "canLogin",
      coalesce(pg_has_role(current_user, found.oid, ${membership}), false) as "canTakeOn"
    from (values (${role}::name)) wanted(name) left join pg_roles found on found.rolname = wanted.name`)
  return standing as Standing
}

function statementsFor(standing: Standing, role: string): string[] {
  const { user, database, canCreate, citus, exists, canLogin, canTakeOn } = standing
  const name = quoted(role)
  return [
    ...(canCreate ? [] : [`grant create on database ${quoted(database)} to ${quoted(user)};`]),
    ...(exists ? [] : [`create role ${name} ${citus ? 'login' : 'nologin'};`]),
    ...(exists && citus && !canLogin ? [`alter role ${name} login;`] : []),
    ...(canTakeOn ? [] : [`grant ${name} to ${quoted(user)};`]),
  ]
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
