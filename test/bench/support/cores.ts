/** Puts processes on separate cores if `taskset` is available, so that the load does not take CPU from the server. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

export const canPin = availableParallelism() >= 2 && spawnSync('taskset', ['--version']).status === 0

export const SERVER_CORE = '0'
export const LOAD_CORE = '1'
export const ALL_CORES = `0-${availableParallelism() - 1}`

/** Moves all threads of a process. Does nothing without `taskset`. */
export function pin(pid: number, cores: string): void {
  if (canPin) spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)])
}
