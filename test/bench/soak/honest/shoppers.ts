/** Shoppers who send commands at a steady rate, whatever else happens. */
import { postAllocate } from '../../allocators/graphql.ts'
import type { Bench } from '../../suite.ts'
import { HttpPool } from '../../support/http-pool.ts'
import { Latencies } from '../../support/latencies.ts'
import { openLoop } from '../../support/open-loop.ts'
import { allocateOne, skus } from '../../support/stock.ts'
import type { Target } from '../client.ts'

const CONNECTIONS = 64

export interface Shoppers {
  /** @returns how long they waited, from the time when each command was due */
  readonly shop: (perSecond: number, durationMs: number) => Promise<Latencies>
  /** Commands that were not accepted, by outcome. */
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
      // Close idle connections, because they are not part of what the server keeps for clients.
      pool.close()
      return latencies
    },
  }
}
