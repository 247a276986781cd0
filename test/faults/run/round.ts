/** One round: starts the processes, the clients and the faults, and checks the result. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { EmbeddedPostgres } from '../../../src/operations/postgres/embedded.ts'
import { fillWidely, insist, note, startCallers } from './callers.ts'
import type { PickServer } from './callers.ts'
import { FIRST_BATCHES, INTAKE_BATCHES } from './catalogue.ts'
import { judge } from './checker.ts'
import { gatherTables, gatherWithoutTables } from './evidence.ts'
import { startFaults } from './faults.ts'
import { startHistory } from './history.ts'
import type { History } from './history.ts'
import { startIntake } from './intake.ts'
import { runOperator, startOperators } from './operators.ts'
import { seededRandom } from './random.ts'
import type { Random } from './random.ts'
import type { Evidence } from './rules/evidence.ts'
import { catchUp, sendAgain } from './settle.ts'
import { violation } from './violation.ts'
import type { Violation } from './violation.ts'
import { startWitnesses } from './witnesses.ts'
import { openWorld } from './world.ts'
import type { World } from './world.ts'

export interface RoundOptions {
  readonly seed: number
  readonly seconds: number
  readonly directory: string
  readonly program: string
  readonly postgres: EmbeddedPostgres
  /** Aborts the round, and ends everything that it has started. */
  readonly signal: AbortSignal
}

export interface Round {
  readonly seed: number
  readonly partitions: number
  readonly evidence: Evidence
  readonly violations: readonly Violation[]
}

const CALLERS = 20
const FIRST_UNITS = 40

/** Odd seeds use one partition, even seeds three. */
export const partitionsOf = (seed: number): number => (seed % 2 === 0 ? 3 : 1)

/** @throws the reason of the signal if it is aborted */
export async function playRound({ seed, seconds, signal, ...place }: RoundOptions): Promise<Round> {
  const partitions = partitionsOf(seed)
  const world = await openWorld({ ...place, name: `faults_${seed}`, partitions })
  try {
    return await Promise.race([playIn(world, { seed, seconds, partitions }), aborted(signal)])
  } finally {
    await world.close()
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason as Error)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}

interface Plan extends Pick<RoundOptions, 'seed' | 'seconds'> {
  readonly partitions: number
}

async function playIn(world: World, { seed, seconds, partitions }: Plan): Promise<Round> {
  const random = seededRandom(String(seed))
  const history = startHistory()
  const pickServer: PickServer = (routes) => routes.pick(world.servers)
  const witnesses = await play(world, history, random, pickServer, partitions, seconds)
  await sendAgain(random.fork('again'), pickServer, history)
  const late = await catchUp(world, history)
  await witnesses.end()
  const codes = await Promise.all(world.servers.map((server) => server.end('SIGTERM')))
  const verified = await runOperator(world, ['verify'], history)
  const evidence: Evidence = {
    ...(await gatherWithoutTables(world, history)),
    tables: await gatherTables(world.sql),
    verified,
  }
  const ended = codes.every((code) => code === 0)
    ? []
    : [violation('a server that gets SIGTERM ends with code 0', codes.join(', '))]
  return { seed, partitions, evidence, violations: [...late, ...ended, ...judge(evidence)] }
}

async function play(
  world: World,
  history: History,
  random: Random,
  pickServer: PickServer,
  partitions: number,
  seconds: number,
) {
  const setUp = random.fork('set up')
  for (const { reference, sku } of [...FIRST_BATCHES, ...INTAKE_BATCHES]) {
    const command = { type: 'createBatch', reference, sku, quantity: FIRST_UNITS, eta: null } as const
    await insist(note(history.commands, `first ${reference}`, command), () => pickServer(setUp), history)
  }
  const beginning = beginningOf(history, partitions)
  await fillWidely(() => pickServer(setUp), history)
  const witnesses = startWitnesses(random.fork('watchers'), pickServer, world.servers, beginning, history)
  const intake = startIntake(random.fork('intake'), world.redis.client, history)
  const callers = startCallers(CALLERS, random.fork('callers'), pickServer, history)
  const ending = new AbortController()
  const operators = startOperators(random.fork('operators'), world, history, ending.signal)
  const faults = startFaults(random.fork('faults'), world, history)
  await sleep(seconds * 1000)
  await faults.stop()
  await intake.stop()
  await callers.stop()
  ending.abort()
  await operators
  return witnesses
}

/** Returns a token for the point before the first event of each partition. */
function beginningOf({ commands }: History, partitions: number): string {
  const result = commands[0]?.attempts.at(-1)?.result
  const token = result?.kind === 'accepted' ? result.token : ''
  const origins = Array.from({ length: partitions }, (_, partition) => `${partition}:0`)
  return token.replace(/\d+:\d+$/, origins.join(','))
}
