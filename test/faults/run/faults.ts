/**
 * Causes faults: each target (a server, Postgres, Redis) has its own loop with its own random stream, so that faults of different
 * targets overlap. Each fault ends with its target repaired.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault, History } from './history.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

export interface Faults {
  /** Waits until the current faults have ended. */
  readonly stop: () => Promise<void>
}

/** The application name of the connections that write commands. */
const COMMANDS = 'onhand commands'

type Inject = () => Promise<unknown> | void

interface Target {
  readonly name: string
  readonly faults: Readonly<Record<string, Inject>>
  readonly weights: Readonly<Record<string, number>>
  readonly pauseMs: readonly [least: number, most: number]
}

export function startFaults(random: Random, world: World, history: History): Faults {
  const ending = new AbortController()
  const pause = (ms: number) => sleep(ms, undefined, { signal: ending.signal }).catch(() => {})

  async function trouble({ name, faults, weights, pauseMs }: Target, decisions: Random): Promise<void> {
    while (!ending.signal.aborted) {
      await pause(decisions.int(...pauseMs))
      if (ending.signal.aborted) return
      const kind = decisions.choose(weights)
      const fault: Fault = { kind, target: name, from: history.now(), to: Infinity }
      history.faults.push(fault)
      await faults[kind]?.()
      fault.to = history.now()
    }
  }

  const targets = [0, 1].flatMap((at) => [
    serverTarget(world, at, random.fork(`server ${at}`)),
    commitTarget(world, at),
  ])
  targets.push(postgresTarget(world, random.fork('postgres')), redisTarget(world, random.fork('redis')))
  const loops = targets.map((target) => trouble(target, random.fork(target.name)))
  return {
    async stop() {
      ending.abort()
      await Promise.all(loops)
    },
  }
}

function serverTarget(world: World, at: number, durations: Random): Target {
  const server = world.servers[at] as World['servers'][number]
  const link = world.links[at] as World['links'][number]
  return {
    name: `server ${server.name}`,
    pauseMs: [1000, 3500],
    weights: {
      'kill -9': 2,
      SIGTERM: 1,
      SIGSTOP: 3,
      'connections to Postgres cut': 2,
      'Postgres out of reach': 2,
    },
    faults: {
      async 'kill -9'() {
        await server.end('SIGKILL')
        await server.start()
      },
      async SIGTERM() {
        await server.end('SIGTERM')
        await server.start()
      },
      async SIGSTOP() {
        server.freeze()
        await sleep(freezeMs(durations))
        server.thaw()
      },
      'connections to Postgres cut': () => link.cut(),
      async 'Postgres out of reach'() {
        await link.refuse()
        await sleep(durations.int(100, 1500))
        await link.listen()
      },
    },
  }
}

/** Frequent, because only one connection has to recover. */
function commitTarget(world: World, at: number): Target {
  const { cutNextCommit } = world.links[at] as World['links'][number]
  return {
    name: `commits of ${world.servers[at]?.name}`,
    pauseMs: [200, 1500],
    weights: { 'COMMIT of commands lost': 3, 'answer to COMMIT of commands lost': 3, 'COMMIT lost': 1 },
    faults: {
      'COMMIT of commands lost': () => cutNextCommit('lost before', COMMANDS),
      'answer to COMMIT of commands lost': () => cutNextCommit('lost after', COMMANDS),
      'COMMIT lost': () => cutNextCommit('lost before'),
    },
  }
}

/** Mostly short, because a server that is suspended within a transaction blocks all others. */
const freezeMs = (random: Random): number =>
  random.chance(0.2) ? random.int(1000, 4000) : random.int(50, 500)

function postgresTarget({ sql, stopPostgres }: World, decisions: Random): Target {
  const terminate = async (some: boolean) => {
    const share = some ? decisions.int(10, 60) / 100 : 1
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'onhand%' and random() < ${share}`.catch(
      () => {},
    )
  }
  return {
    name: 'Postgres',
    pauseMs: [1000, 4000],
    weights: { 'some connections terminated': 4, 'all connections terminated': 2, 'immediate stop': 2 },
    faults: {
      'some connections terminated': () => terminate(true),
      'all connections terminated': () => terminate(false),
      'immediate stop': stopPostgres,
    },
  }
}

function redisTarget({ redis }: World, durations: Random): Target {
  return {
    name: 'Redis',
    pauseMs: [500, 4000],
    weights: { 'stopped where it is': 2, 'killed, back empty': 2, emptied: 1, 'clients cut': 2 },
    faults: {
      async 'stopped where it is'() {
        redis.pause()
        await sleep(freezeMs(durations))
        redis.resume()
      },
      async 'killed, back empty'() {
        await redis.kill()
        await sleep(durations.int(50, 2000))
        await redis.restart()
      },
      emptied: redis.flush,
      'clients cut': redis.cutClients,
    },
  }
}
