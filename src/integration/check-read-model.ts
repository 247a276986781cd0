/** Compares availability in Redis with the projection in Postgres, while both are being written. */
import { isDeepStrictEqual } from 'node:util'
import { and, asc, eq, gt, inArray } from 'drizzle-orm'
import type { LogPosition, Sku } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { createLogReader } from '../log/read.ts'
import { availability, availabilityTable as table } from '../projection/availability.ts'
import type { AvailabilityRow } from '../projection/availability.ts'
import { createCheckpoints } from '../projector/checkpoint.ts'
import { AVAILABILITY_REDIS } from './read-model.ts'
import { fieldsOf } from './redis-availability.ts'
import type { RedisAvailability } from './redis-availability.ts'

const PAGE_ROWS = 1000

export interface ReadModelCheck {
  readonly products: number
  /** What is missing or different in Redis, one line per product. */
  readonly wrong: readonly string[]
}

/** @param partitions those whose availability is in Redis */
export async function checkReadModel(
  db: Database,
  redis: RedisAvailability,
  partitions: readonly Partition[],
): Promise<ReadModelCheck> {
  const wrong: string[] = []
  let products = 0
  for (const partition of partitions) {
    for (let after = '' as Sku; ;) {
      // Rows up to this position must be in Redis; later ones may be.
      const { position: given } = await createCheckpoints(db).read(AVAILABILITY_REDIS, partition)
      const rows: AvailabilityRow[] = await db
        .select()
        .from(table)
        .where(and(eq(table.partition, partition), gt(table.sku, after)))
        .orderBy(asc(table.sku))
        .limit(PAGE_ROWS)
      const hashes = await redis.hashes(rows.map(({ sku }) => sku))
      const head = (await createLogReader(db).heads()).get(partition)?.position ?? given
      for (const [at, row] of rows.entries()) {
        const difference = compare(row, hashes[at] ?? {}, given, head)
        if (difference !== null) wrong.push(`${row.sku}: ${difference}`)
      }
      products += rows.length
      const last = rows.at(-1)
      if (last === undefined || rows.length < PAGE_ROWS) break
      after = last.sku
    }
  }
  wrong.push(...(await findExtra(db, redis, partitions)))
  return { products, wrong }
}

/** @returns what is wrong in Redis; null if nothing is, if Redis is ahead of the row, or if the row is not due there yet */
function compare(
  row: AvailabilityRow,
  hash: Readonly<Record<string, string>>,
  given: LogPosition,
  head: LogPosition,
): string | null {
  const version = versionOf(hash)
  if (version === null) return row.position <= given ? 'not in Redis' : null
  if (version > head) return `at version ${version} in Redis, ahead of the log, which ends at ${head}`
  if (version > row.position) return null
  if (version < row.position)
    return row.position <= given ? `at version ${version} in Redis, and ${row.position} in Postgres` : null
  for (const [name, value] of Object.entries(fieldsOf(row)))
    if (!same(hash[name], value))
      return `${name} is ${hash[name] ?? 'missing'} in Redis, and ${value} in Postgres`
  return null
}

/** Compares JSON by value, because Postgres reorders the keys. */
function same(found: string | undefined, wanted: string): boolean {
  if (found === wanted) return true
  if (found === undefined || !/^[[{]/.test(wanted)) return false
  try {
    return isDeepStrictEqual(JSON.parse(found), JSON.parse(wanted))
  } catch {
    return false
  }
}

/** Finds products that are in Redis but not in Postgres, although the projection in Postgres has reached their version. */
async function findExtra(
  db: Database,
  redis: RedisAvailability,
  partitions: readonly Partition[],
): Promise<string[]> {
  const wrong: string[] = []
  for await (const skus of redis.skus()) {
    const hashes = await redis.hashes(skus)
    const found = skus.map((sku, at) => ({ sku: sku as Sku, hash: hashes[at] ?? {} }))
    for (const partition of partitions) {
      const own = found.filter(({ hash }) => hash['partition'] === String(partition))
      const { position } = await createCheckpoints(db).read(availability.name, partition)
      const known = await db
        .select({ sku: table.sku })
        .from(table)
        .where(
          and(
            eq(table.partition, partition),
            inArray(
              table.sku,
              own.map(({ sku }) => sku),
            ),
          ),
        )
      const has = new Set<string>(known.map(({ sku }) => sku))
      for (const { sku, hash } of own)
        if (!has.has(sku) && (versionOf(hash) ?? 0n) <= position)
          wrong.push(`${sku}: in Redis, but not in Postgres`)
    }
  }
  return wrong
}

function versionOf(hash: Readonly<Record<string, string>>): bigint | null {
  const version = hash['version'] ?? ''
  return /^\d+$/.test(version) ? BigInt(version) : null
}
