/**
 * In Redis, at most one process at a time has a lease. The lease expires unless its holder renews it, so that another process takes
 * over within seconds from one that died or hangs. A process that was suspended may act for a moment after its lease has expired:
 * the lease avoids double work, and whatever must not happen twice needs a fence of its own.
 */
import type { RedisClient } from '../lib/redis.ts'

export const LEASE_MS = 5000
const RENEW_MS = 1500

const RENEW = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])`

const RELEASE = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  return redis.call('DEL', KEYS[1])`

export class Lease {
  readonly key: string
  /** Unique to this holder. */
  readonly holder: string
  readonly #client: () => RedisClient
  /** By the clock of this process, which continues while the process is suspended. */
  #expiresAt = 0
  #renewing: NodeJS.Timeout | null = null

  /** @param client throws while Redis is away */
  constructor(client: () => RedisClient, key: string, holder: string) {
    this.#client = client
    this.key = key
    this.holder = holder
  }

  get isHeld(): boolean {
    return performance.now() < this.#expiresAt
  }

  /** @returns false if another process has it */
  async take(): Promise<boolean> {
    const askedAt = performance.now()
    if ((await this.#client().set(this.key, this.holder, 'PX', LEASE_MS, 'NX')) === null) return false
    this.#expiresAt = askedAt + LEASE_MS
    // If a renewal fails, the next one renews the lease, or the lease expires.
    this.#renewing = setInterval(() => void this.#renew().catch(() => {}), RENEW_MS)
    return true
  }

  async release(): Promise<void> {
    if (this.#renewing === null) return
    clearInterval(this.#renewing)
    this.#renewing = null
    this.#expiresAt = 0
    await this.#client().eval(RELEASE, 1, this.key, this.holder)
  }

  async #renew(): Promise<void> {
    const askedAt = performance.now()
    const isMine = (await this.#client().eval(RENEW, 1, this.key, this.holder, LEASE_MS)) === 1
    if (this.#renewing !== null) this.#expiresAt = isMine ? askedAt + LEASE_MS : 0
  }
}
