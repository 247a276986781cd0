/**
 * Availability in Redis, for readers that do not use GraphQL: one hash per product, `onhand:availability:<sku>`, to be read with one
 * `HGETALL`. Its fields are those of `Product` in the GraphQL schema: `sku`, `status`, `onHand`, `allocated`, `reserved`,
 * `available`, `incoming`, `version`, `updatedAt` and, as JSON, `availableToPromise`. Other fields may change at any time.
 *
 * The hash `onhand:availability` names the `installation` whose log this is and, per partition, the position up to which all rows
 * are written and the newest point of the log that a row may show: `0` is `1234`, `0.newest` is `1234:-8123…`, a position and its
 * tag. The newest point moves before the rows are written, the position afterwards. So all rows up to the position are there, unless
 * Redis has lost them together with the hash, and no row belongs to another history if the log still has the newest point.
 */
import { Cluster } from 'ioredis'
import { availableToPromise } from '../domain/promise.ts'
import { parseLogPosition, parseSku } from '../domain/values.ts'
import type { LogPosition } from '../domain/values.ts'
import type { RedisClient } from '../lib/redis.ts'
import type { Partition } from '../log/partition.ts'
import type { LogPoint, LogTag } from '../log/point.ts'
import type { AvailabilityRow, BatchStock, StockStatus } from '../projection/availability.ts'

const MARKER = 'onhand:availability'
const keyOf = (sku: string) => `${MARKER}:${sku}`

/** How far Redis is with the rows of a partition; null where it has no entry. */
export interface Mark {
  /** All rows up to this position are written. */
  readonly position: LogPosition | null
  /** No row shows anything later than this point. */
  readonly newest: LogPoint | null
}

/** Keys per call of SCAN. */
const SCAN_KEYS = 1000

/** Redis holds the availability of another log. */
export class AnotherInstallation extends Error {
  override readonly name = 'AnotherInstallation'
}

/** Redis has lost rows that had been written. */
export class RedisLostData extends Error {
  override readonly name = 'RedisLostData'
  override readonly message = 'Redis has lost availability that was written to it.'
}

/** Writes a row over an older one, or over any. Positions have no leading zeros, so a longer one is greater. */
const WRITE_ROW = `
  if ARGV[1] == 'newer' then
    local known = redis.call('HGET', KEYS[1], 'version')
    if known and (#known > #ARGV[2] or (#known == #ARGV[2] and known > ARGV[2])) then return 0 end
  end
  return redis.call('HSET', KEYS[1], 'version', unpack(ARGV, 2))`

/** Moves the position only if nobody else has moved it. */
const MOVE_MARKER = `
  if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], 'installation', ARGV[4])
  return 1`

const COLUMNS = ['partition', 'version', 'status', 'onHand', 'allocated', 'reserved', 'available', 'incoming']
const FIELDS = [...COLUMNS, 'batches', 'updatedAt']

export class RedisAvailability {
  readonly #client: () => RedisClient
  readonly #installation: string

  /** @param client throws while Redis is away */
  constructor(client: () => RedisClient, installation: string) {
    this.#client = client
    this.#installation = installation
  }

  /** Reads the rows of these products. Missing products have no row in the result. */
  async load(skus: readonly string[]): Promise<AvailabilityRow[]> {
    const client = this.#client()
    const found = await Promise.all(skus.map((sku) => client.hmget(keyOf(sku), ...FIELDS)))
    return skus.flatMap((sku, at) => {
      const fields = found[at] as (string | null)[]
      return fields.includes(null) ? [] : [rowOf(sku, fields as string[])]
    })
  }

  /** Reads the hash of each product; a missing one is empty. */
  async hashes(skus: readonly string[]): Promise<Record<string, string>[]> {
    const client = this.#client()
    return Promise.all(skus.map((sku) => client.hgetall(keyOf(sku))))
  }

  /** @param over which rows to replace: those that are not newer, or all */
  async save(rows: readonly AvailabilityRow[], over: 'newer' | 'all' = 'newer'): Promise<void> {
    const client = this.#client()
    await Promise.all(rows.map((row) => client.eval(WRITE_ROW, 1, keyOf(row.sku), over, ...wireOf(row))))
  }

  /**
   * Reads how far the rows of a partition are.
   *
   * @throws AnotherInstallation
   */
  async mark(partition: Partition): Promise<Mark> {
    const [owner, position, newest] = await this.#client().hmget(
      MARKER,
      'installation',
      String(partition),
      newestOf(partition),
    )
    if (owner != null && owner !== this.#installation) {
      throw new AnotherInstallation(
        `Redis holds the availability of another installation, ${owner}; each installation needs its own Redis.`,
      )
    }
    return {
      position: position == null ? null : parseLogPosition(position),
      newest: newest == null ? null : parsePoint(newest),
    }
  }

  /** Records that rows up to this point are about to be written. */
  async announce(partition: Partition, newest: LogPoint): Promise<void> {
    await this.#client().hset(MARKER, newestOf(partition), `${newest.position}:${newest.tag}`)
  }

  /** @throws RedisLostData if the position is not `from` */
  async move(partition: Partition, from: LogPosition | null, to: LogPosition): Promise<void> {
    const moved = await this.#client().eval(
      MOVE_MARKER,
      1,
      MARKER,
      String(partition),
      from === null ? '' : String(from),
      String(to),
      this.#installation,
    )
    if (moved !== 1) throw new RedisLostData()
  }

  /**
   * Removes rows of products that the partition does not have. Hashes without a partition are removed, too, unless it has the product.
   *
   * @param existing returns which of these products the partition has
   */
  async removeOthers(
    partition: Partition,
    existing: (skus: readonly string[]) => Promise<ReadonlySet<string>>,
  ): Promise<void> {
    const client = this.#client()
    for await (const skus of this.skus()) {
      // A key that is not a hash belongs to another application.
      const owners = await Promise.all(
        skus.map((sku) => client.hget(keyOf(sku), 'partition').catch(() => 'none')),
      )
      const own = skus.filter((_, at) => (owners[at] ?? String(partition)) === String(partition))
      if (own.length === 0) continue
      const found = await existing(own)
      await Promise.all(own.filter((sku) => !found.has(sku)).map((sku) => client.unlink(keyOf(sku))))
    }
  }

  /** Yields the SKUs of all products that have a key, in pages. */
  async *skus(): AsyncIterable<string[]> {
    const client = this.#client()
    const prefix = keyOf('')
    for (const node of client instanceof Cluster ? client.nodes('master') : [client]) {
      let cursor = '0'
      do {
        const [next, keys] = await node.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', SCAN_KEYS)
        if (keys.length > 0) yield keys.map((key) => key.slice(prefix.length))
        cursor = next
      } while (cursor !== '0')
    }
  }
}

const newestOf = (partition: Partition) => `${partition}.newest`

function parsePoint(text: string): LogPoint {
  const [position = '', tag = ''] = text.split(':')
  return { position: parseLogPosition(position), tag: BigInt(tag) as LogTag }
}

/** Returns the fields of a row's hash, without its version. */
export function fieldsOf(row: AvailabilityRow): Record<string, string> {
  const { partition, sku, status, onHand, allocated, reserved, available, incoming, batches, updatedAt } = row
  const plain = { partition, sku, status, onHand, allocated, reserved, available, incoming }
  return {
    ...Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, String(value)])),
    updatedAt: updatedAt.toISOString(),
    availableToPromise: JSON.stringify(availableToPromise(batches)),
    batches: JSON.stringify(batches),
  }
}

/** Arguments of WRITE_ROW: the version, then names and values. */
const wireOf = (row: AvailabilityRow): string[] => [
  String(row.position),
  ...Object.entries(fieldsOf(row)).flat(),
]

function rowOf(sku: string, fields: readonly string[]): AvailabilityRow {
  const [partition, version, status, onHand, allocated, reserved, available, incoming, batches, updatedAt] =
    fields as [string, string, string, string, string, string, string, string, string, string]
  return {
    sku: parseSku(sku),
    partition: Number(partition),
    position: parseLogPosition(version),
    status: status as StockStatus,
    onHand: Number(onHand),
    allocated: Number(allocated),
    reserved: Number(reserved),
    available: Number(available),
    incoming: Number(incoming),
    batches: JSON.parse(batches) as BatchStock[],
    updatedAt: new Date(updatedAt),
  }
}
