/**
 * The composition root: it creates all parts and connects them. Tests use it with their own configuration and clock.
 *
 *   commands ─ commits ─▶ log tail ─ wakes ─▶ projectors ─ changes ─▶ hub ─▶ subscriptions, waiting queries
 *
 * With Redis, commits and changes also reach the tails and hubs of the other processes. A poll of the database makes up for lost
 * messages.
 */
import type { CommandRequest, Outcome } from './command/request.ts'
import { openApi } from './compose/api.ts'
import { openCommands } from './compose/commands.ts'
import { openLive } from './compose/live.ts'
import { openProjectors, startProjectors } from './compose/projectors.ts'
import { openReadSide } from './compose/read-side.ts'
import { openRedis } from './compose/redis.ts'
import { share } from './compose/shared.ts'
import type { ComposeOptions, Release } from './compose/shared.ts'
import { measureSnapshots, startUpkeep } from './compose/upkeep.ts'
import { LogTail } from './log/tail.ts'

export type { ComposeOptions } from './compose/shared.ts'

/** A running Onhand. */
export interface Onhand {
  /** `http://127.0.0.1:4000` */
  readonly url: string
  readonly dispatch: (request: CommandRequest) => Promise<Outcome>
  /** Whether the log has no events. */
  readonly isEmpty: () => Promise<boolean>
  /** Completes the requests in progress, disconnects live clients with a code that makes them reconnect, and closes all resources. */
  readonly close: () => Promise<void>
}

const MAX_RECENT_EVENTS = 10_000

/** @throws the error that prevents the start, after closing what was opened */
export async function startOnhand(options: ComposeOptions): Promise<Onhand> {
  const releases: Release[] = []
  try {
    return await compose(options, releases)
  } catch (error) {
    await releaseAll(releases)
    throw error
  }
}

async function compose(options: ComposeOptions, releases: Release[]): Promise<Onhand> {
  const shared = share(options, releases)
  const { roles, drainSeconds } = shared.config
  let isDraining = false

  const readSide = await openReadSide(shared)
  const redis = await openRedis(shared)
  const tail = new LogTail(MAX_RECENT_EVENTS)
  const commands = openCommands(shared, tail)
  const projectors = openProjectors(shared, tail, redis)
  const live = await openLive(shared, { readSide, tail, redis, commands, projectors })
  if (roles.has('projector')) await startProjectors(shared, projectors, readSide, redis, live.onChange)
  if (roles.has('sweeper')) startUpkeep(shared, commands, redis)
  measureSnapshots(shared, commands)
  const api = await openApi(shared, { readSide, commands, live, isDraining: () => isDraining })
  live.poll.start()

  return {
    url: api.url,
    dispatch: commands.dispatch,
    isEmpty: async () => (await readSide.reads.progress()).every(({ head }) => head.position === 0n),
    async close() {
      isDraining = true
      if (drainSeconds > 0) await api.drain(drainSeconds * 1000)
      await releaseAll(releases)
    },
  }
}

/** Runs the releases in reverse order. */
async function releaseAll(releases: readonly Release[]): Promise<void> {
  for (const release of releases.toReversed()) await release()
}
