/** Processes on cores of their own, where `taskset` can do that: the load shall not take from the server what it measures. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

export const canPin = availableParallelism() >= 2 && spawnSync('taskset', ['--version']).status === 0

export const SERVER_CORE = '0'
export const LOAD_CORE = '1'
export const ALL_CORES = `0-${availableParallelism() - 1}`

/** All threads of a process; without `taskset`, nothing happens. */
export function pin(pid: number, cores: string): void {
  if (canPin) spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)])
}
