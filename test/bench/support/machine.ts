/** Describes the machine of the measurements, and whether other programs used it. */
import { execFileSync } from 'node:child_process'
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatNumber } from './table.ts'

export type MachineFacts = Readonly<Record<string, string | number>>

const BUSY_SHARE = 0.1

export async function machineFacts(): Promise<MachineFacts> {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    'memory GB': Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
    commit: commit(),
    'fdatasync 8 kB/s': Math.round(measureFdatasync()),
    'load average': loadavg().map(formatNumber).join(' '),
    'busy before the start': Number((await busyShare(1000)).toFixed(2)),
  }
}

/** Returns the facts that make the measurements doubtful. */
export function warnings(facts: MachineFacts): string[] {
  const found: string[] = []
  if (Number(facts['busy before the start']) > BUSY_SHARE)
    found.push('other programs use the machine; run this again when it is idle.')
  if (Number(facts['fdatasync 8 kB/s']) > 50_000)
    found.push(`${tmpdir()} does not seem to wait for a disk, so commits cost less here than elsewhere.`)
  if (Number(facts['cores']) < 2) found.push('with one core, the load takes CPU from the server.')
  return found
}

/** The share of the time of all cores that was in use, 0 to 1. */
export async function busyShare(ms: number): Promise<number> {
  const before = cpuTimes()
  await sleep(ms)
  const after = cpuTimes()
  const total = after.total - before.total
  return total === 0 ? 0 : 1 - (after.idle - before.idle) / total
}

/** Waits for a limited time until the machine is idle. @returns whether it is */
export async function quiet(limitMs = 15_000): Promise<boolean> {
  const deadline = performance.now() + limitMs
  while ((await busyShare(200)) > BUSY_SHARE) if (performance.now() > deadline) return false
  return true
}

function cpuTimes(): { idle: number; total: number } {
  let idle = 0
  let total = 0
  for (const { times } of cpus()) {
    idle += times.idle
    total += times.user + times.nice + times.sys + times.irq + times.idle
  }
  return { idle, total }
}

/** Measures how often per second a page can be made durable in the directory of the bench's Postgres. */
function measureFdatasync(): number {
  const path = join(tmpdir(), `onhand-bench-fdatasync-${process.pid}`)
  const file = openSync(path, 'w')
  const page = Buffer.alloc(8192)
  const startedAt = performance.now()
  let count = 0
  while (performance.now() - startedAt < 300) {
    writeSync(file, page, 0, page.length, 0)
    fdatasyncSync(file)
    count += 1
  }
  const seconds = (performance.now() - startedAt) / 1000
  closeSync(file)
  rmSync(path)
  return count / seconds
}

function commit(): string {
  try {
    const git = (...command: string[]) =>
      execFileSync('git', command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    const changed = git('status', '--porcelain', '--', 'src', 'drizzle') !== ''
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`
  } catch {
    return 'unknown'
  }
}
