/**
 * Availability in Redis, for readers that speak no GraphQL: a hash for each product, `onhand:availability:<sku>`, to be read
 * with one `HGETALL`. Its fields are those of `Product` in the GraphQL schema: `sku`, `status`, `onHand`, `allocated`,
 * `reserved`, `available`, `incoming`, `version`, `updatedAt` and, as JSON, `availableToPromise`; further fields are no promise.
 *
 * The hash `onhand:availability` says whose log that is and how far it goes, by partition. It is moved after the rows, so
 * whatever it says is there, unless Redis has lost it together with them.
 */
import { availableToPromise } from '../domain/promise.ts'
import { parseLogPosition, parseSku } from '../domain/values.ts'
import type { LogPosition } from '../domain/values.ts'
import type { RedisClient } from '../lib/redis.ts'
import type { Partition } from '../log/partition.ts'
import type { AvailabilityRow, BatchStock, StockStatus } from '../projection/availability.ts'

const MARKER = 'onhand:availability'
const keyOf = (sku: string) => `${MARKER}:${sku}`

/** Redis keeps the availability of another log. */
export class AnotherInstallation extends Error {
  override readonly name = 'AnotherInstallation'
}

/** What was there when the rows were written is gone. */
export class RedisLostData extends Error {
  override readonly name = 'RedisLostData'
  override readonly message = 'Redis has lost what it kept of availability.'
}

/** A row takes the place of an older one, or of any; positions have no leading zeros, so longer ones are greater. */
const WRITE_ROW = `
  if ARGV[1] == 'newer' then
    local known = redis.call('HGET', KEYS[1], 'version')
    if known and (#known > #ARGV[2] or (#known == #ARGV[2] and known > ARGV[2])) then return 0 end
  end
  return redis.call('HSET', KEYS[1], 'version', unpack(ARGV, 2))`

/** The position moves only if it is where it was last seen. */
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

  /** The rows of these products; none for those that are not there. */
  async load(skus: readonly string[]): Promise<AvailabilityRow[]> {
    const client = this.#client()
    const found = await Promise.all(skus.map((sku) => client.hmget(keyOf(sku), ...FIELDS)))
    return skus.flatMap((sku, at) => {
      const fields = found[at] as (string | null)[]
      return fields.includes(null) ? [] : [rowOf(sku, fields as string[])]
    })
  }

  /** @param over what rows may be replaced: those that are not newer, or all */
  async save(rows: readonly AvailabilityRow[], over: 'newer' | 'all' = 'newer'): Promise<void> {
    const client = this.#client()
    await Promise.all(rows.map((row) => client.eval(WRITE_ROW, 1, keyOf(row.sku), over, ...fieldsOf(row))))
  }

  /**
   * How far the rows go; null if nothing is there.
   *
   * @throws AnotherInstallation
   */
  async position(partition: Partition): Promise<LogPosition | null> {
    const [owner, position] = await this.#client().hmget(MARKER, 'installation', String(partition))
    if (owner != null && owner !== this.#installation) {
      throw new AnotherInstallation(
        `Redis keeps the availability of another installation, ${owner}; give this one a Redis of its own.`,
      )
    }
    return position == null ? null : parseLogPosition(position)
  }

  /** @throws RedisLostData when the position is not `from` */
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
}

/** A value, then names and values: the version comes first. */
function fieldsOf({ position, updatedAt, batches, ...row }: AvailabilityRow): (string | number)[] {
  const fields = {
    ...row,
    updatedAt: updatedAt.toISOString(),
    availableToPromise: JSON.stringify(availableToPromise(batches)),
    batches: JSON.stringify(batches),
  }
  return [String(position), ...Object.entries(fields).flat()]
}

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
