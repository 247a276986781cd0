/** Shoppers who come at a steady rate, whatever goes on beside them. */
import { postAllocate } from '../../allocators/graphql.ts'
import type { Bench } from '../../suite.ts'
import { HttpPool } from '../../support/http-pool.ts'
import { Latencies } from '../../support/latencies.ts'
import { openLoop } from '../../support/open-loop.ts'
import { allocateOne, skus } from '../../support/stock.ts'
import type { Target } from '../client.ts'

const CONNECTIONS = 64

export interface Shoppers {
  /** @returns how long they waited, from when each command was due */
  readonly shop: (perSecond: number, durationMs: number) => Promise<Latencies>
  /** Commands that were not accepted, by what went wrong. */
  readonly failed: ReadonlyMap<string, number>
  readonly accepted: () => number
}

export function openShoppers({ onEnd }: Pick<Bench, 'onEnd'>, { url }: Target): Shoppers {
  const pool = new HttpPool(`${url}/graphql`, CONNECTIONS)
  onEnd(() => pool.close())
  const wanted = skus('spread')
  const failed = new Map<string, number>()
  let accepted = 0
  return {
    failed,
    accepted: () => accepted,
    async shop(perSecond, durationMs) {
      const latencies = new Latencies()
      await openLoop(perSecond, durationMs, (dueAt) =>
        pool.use(async (connection) => {
          try {
            await postAllocate(connection, allocateOne(wanted.next().value))
            accepted += 1
            latencies.record(performance.now() - dueAt)
          } catch (error) {
            const { message } = error as Error
            failed.set(message, (failed.get(message) ?? 0) + 1)
          }
        }),
      )
      // Those that are idle are no part of what the server holds for anybody.
      pool.close()
      return latencies
    },
  }
}
