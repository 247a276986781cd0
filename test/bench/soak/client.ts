/** The interface of the soak's clients: a function that runs until its signal is aborted, and records outcomes. */
import { setTimeout as sleep } from 'node:timers/promises'

/** The server that clients talk to. */
export interface Target {
  /** `http://127.0.0.1:34567` */
  readonly url: string
  readonly skus: readonly string[]
}

/** Number of each outcome: for requests, the status and the error code; for sockets, the close code. */
export type Tally = Readonly<Record<string, number>>

export type Client = (target: Target, signal: AbortSignal) => Promise<Tally>

export type Note = (outcome: string) => void

/** Longer than any wait that the server limits. A client that waits in vain is reported, and does not delay the end of the others. */
const ROUND_TIMEOUT_MS = 60_000
/** How long a client may take to end. */
const LEAVING_MS = 5000

/** Runs rounds with a pause after each, until the signal is aborted. An error of a round counts as an outcome, unless it was aborted. */
export async function repeatedly(
  signal: AbortSignal,
  pauseMs: number,
  round: (note: Note, nth: number) => Promise<void>,
): Promise<Tally> {
  const tally: Record<string, number> = {}
  const note: Note = (outcome) => {
    tally[outcome] = (tally[outcome] ?? 0) + 1
  }
  for (let nth = 0; !signal.aborted; nth += 1) {
    try {
      const ended = await within(signal, round(note, nth))
      if (!ended && !signal.aborted) note('waited in vain')
    } catch (error) {
      if (!signal.aborted) note((error as Error).message)
    }
    await pause(pauseMs, signal)
  }
  return tally
}

/** @returns whether the round has ended; false if it takes too long, or too long after the signal */
async function within(signal: AbortSignal, round: Promise<void>): Promise<boolean> {
  const over = new AbortController()
  const tooLong = async () => {
    await pause(ROUND_TIMEOUT_MS, AbortSignal.any([signal, over.signal]))
    await pause(LEAVING_MS, over.signal)
    return false
  }
  try {
    return await Promise.race([round.then(() => true), tooLong()])
  } finally {
    over.abort()
  }
}

/** Ends early if the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}

/** Combines several clients of the same kind into one. */
export const several =
  (count: number, client: Client): Client =>
  async (target, signal) =>
    sum(await Promise.all(Array.from({ length: count }, () => client(target, signal))))

function sum(tallies: readonly Tally[]): Tally {
  const all: Record<string, number> = {}
  for (const tally of tallies)
    for (const [outcome, times] of Object.entries(tally)) all[outcome] = (all[outcome] ?? 0) + times
  return all
}
