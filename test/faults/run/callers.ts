/** Clients that send commands: most repeat them until they are answered, some send them twice at the same time, some ignore the answer. */
import { setTimeout as sleep } from 'node:timers/promises'
import { WIDE_BATCH, WIDE_LINES, WIDE_SKU } from './catalogue.ts'
import { readProduct, sendCommand } from './client.ts'
import type { Endpoint } from './client.ts'
import { createDecisions } from './decisions.ts'
import type { Decision } from './decisions.ts'
import type { Command, History, SentCommand } from './history.ts'
import type { Random } from './random.ts'

const RETRY_MS = 100
const WIDE_CALLERS = 50

export interface Callers {
  /** Starts no new command, and waits for the current ones. */
  readonly stop: () => Promise<void>
}

export type PickServer = (random: Random) => Endpoint

export function startCallers(
  count: number,
  random: Random,
  pickServer: PickServer,
  history: History,
): Callers {
  const still = { calling: true }

  async function call(name: string): Promise<void> {
    const next = createDecisions(name, random.fork(name))
    // The number of attempts depends on timing, so choices per attempt have their own stream.
    const routes = random.fork(`${name} routes`)
    while (still.calling) {
      const decision = next()
      await carryOut(decision, () => pickServer(routes), history)
      await sleep(decision.pauseMs)
    }
  }

  const callers = Array.from({ length: count }, (_, at) => call(`caller-${at + 1}`))
  const wideRoutes = random.fork('wide routes')
  const isCalling = () => still.calling
  callers.push(changeWidely(random.fork('wide'), () => pickServer(wideRoutes), history, isCalling))
  return {
    async stop() {
      still.calling = false
      await Promise.all(callers)
    },
  }
}

async function carryOut(decision: Decision, server: () => Endpoint, history: History): Promise<void> {
  const { id, command, copies, reuse } = decision
  const sent = note(history.commands, id, command)
  await Promise.all(Array.from({ length: copies }, () => send(sent, server, history)))
  while (decision.insists && !isAnswered(sent)) {
    await sleep(RETRY_MS)
    await send(sent, server, history)
  }
  if (!isAnswered(sent)) return
  if (reuse !== null) await send(note(history.reuses, id, reuse), server, history)
  if (decision.reads) await readAtToken(sent, server(), history)
}

/** Repeats the command until it is answered. */
export async function insist(sent: SentCommand, server: () => Endpoint, history: History): Promise<void> {
  for (;;) {
    await send(sent, server, history)
    if (isAnswered(sent)) return
    await sleep(RETRY_MS)
  }
}

export async function send(sent: SentCommand, server: () => Endpoint, history: History): Promise<void> {
  sent.attempts.push(await sendCommand(server(), sent.id, sent.command, history))
}

export function note(list: SentCommand[], id: string, command: Command): SentCommand {
  const sent: SentCommand = { id, command, attempts: [] }
  list.push(sent)
  return sent
}

export const isAnswered = ({ attempts }: SentCommand): boolean =>
  attempts.some(({ result }) => result.kind !== 'failed')

async function readAtToken(sent: SentCommand, server: Endpoint, history: History): Promise<void> {
  const { command, attempts } = sent
  const answer = attempts.find(({ result }) => result.kind === 'accepted')?.result
  if (answer?.kind !== 'accepted' || !('sku' in command)) return
  const state = await readProduct(server, command.sku, answer.token)
  if (state !== null) history.reads.push({ at: history.now(), token: answer.token, state })
}

/** Fills a batch with hundreds of lines, which can all lose their stock at once and get it back at once. */
export async function fillWidely(server: () => Endpoint, history: History): Promise<void> {
  const batch = { reference: WIDE_BATCH, sku: WIDE_SKU, quantity: WIDE_LINES, eta: null }
  const create = { type: 'createBatch', ...batch } as const
  await insist(note(history.commands, 'wide batch', create), server, history)
  const fill = async (first: number) => {
    for (let at = first; at < WIDE_LINES; at += WIDE_CALLERS) {
      const command = { type: 'allocate', orderId: `wide-${at}`, sku: WIDE_SKU, quantity: 1 } as const
      await insist(note(history.commands, `wide line ${at}`, command), server, history)
    }
  }
  await Promise.all(Array.from({ length: WIDE_CALLERS }, (_, first) => fill(first)))
}

async function changeWidely(
  random: Random,
  server: () => Endpoint,
  history: History,
  isCalling: () => boolean,
): Promise<void> {
  for (let time = 1; isCalling(); time += 1) {
    const command = {
      type: 'changeBatchQuantity',
      reference: WIDE_BATCH,
      quantity: time % 2 === 1 ? random.int(0, 20) : WIDE_LINES,
      reason: null,
      expectedVersion: null,
    } as const
    await insist(note(history.commands, `wide change ${time}`, command), server, history)
    await sleep(random.int(500, 2500))
  }
}
