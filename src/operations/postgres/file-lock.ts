/**
 * Mutual exclusion between processes on one machine, by a file that names its holder.
 *
 * Invariants: the file appears complete (as a hard link) or not at all; only the holder removes the file of a living holder; the
 * file of a dead holder is removed under a separate lock for the removal of *that holder*, which is taken in the same way. So two
 * processes that find the same dead holder never both continue, and a process that is killed at any point blocks no other.
 */
import { randomUUID } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { isRunning, ownIdentity } from './process-identity.ts'

const POLL_MS = 10

/**
 * Runs `work` while no other process runs work under the same path. Not reentrant. The directory must exist.
 *
 * @throws what `work` throws; an Error that names the holder if the lock is not free within `waitMs`
 */
export async function withFileLock<T>(path: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  const claim = `${await ownIdentity()} ${randomUUID()}`
  const deadline = performance.now() + waitMs
  for (;;) {
    const holder = await readHolder(path)
    if (holder === null) {
      if (await create(path, claim)) break
      continue
    }
    const [identity, claimId] = holder.split(' ') as [string, string]
    if (!(await isRunning(identity))) {
      await withFileLock(`${path}.${claimId}`, waitMs, async () => {
        if ((await readHolder(path)) === holder) await rm(path)
      })
    } else if (performance.now() > deadline) {
      throw new Error(`${path} is still held by process ${Number.parseInt(identity, 10)} after ${waitMs} ms.`)
    } else {
      await setTimeout(POLL_MS)
    }
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

/** @returns false if the lock is held */
async function create(path: string, claim: string): Promise<boolean> {
  const draft = `${path}.${claim.slice(-8)}`
  await writeFile(draft, claim)
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

async function readHolder(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
