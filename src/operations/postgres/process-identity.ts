/**
 * Identifies the process that a file names. Pids are reused, in a restarted container even at once and by the same program, so a file
 * names a process by its pid and its start time.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

export interface RunningProcess {
  /** One word that starts with the pid and is unique to this process. On Windows it is only the pid. */
  readonly identity: string
  /** The command line, with arguments separated by spaces; empty if it is not accessible. */
  readonly command: string
}

/** @returns null if no such process is running; a zombie is not running */
export async function findProcess(pid: number): Promise<RunningProcess | null> {
  if (process.platform === 'linux') return findInProc(pid)
  if (process.platform !== 'win32') return findByPs(pid)
  return pidIsTaken(pid) ? { identity: String(pid), command: '' } : null
}

export async function isRunning(identity: string): Promise<boolean> {
  return (await findProcess(Number.parseInt(identity, 10)))?.identity === identity
}

let own: Promise<string> | undefined

/** The identity of this process. */
export function ownIdentity(): Promise<string> {
  own ??= findProcess(process.pid).then((found) => {
    if (found === null) throw new Error(`This process, ${process.pid}, is not in the list of processes.`)
    return found.identity
  })
  return own
}

/** Whether the system has an entry for the pid: a process of any account, or a zombie. */
export function pidIsTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

let bootId: Promise<string> | undefined

async function findInProc(pid: number): Promise<RunningProcess | null> {
  bootId ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((id) => id.trim())
  try {
    const [stat, command] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ])
    // The second field is the program's name in brackets. The name may contain brackets and spaces.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z' || state === 'X') return null
    const began = fields[18]
    return { identity: `${pid}:${began}:${await bootId}`, command: command.replaceAll('\0', ' ').trim() }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}

const PS_LINE = /^\s*(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\d{4})\s+(.*)$/

async function findByPs(pid: number): Promise<RunningProcess | null> {
  if (!pidIsTaken(pid)) return null
  const columns = ['-o', 'stat=', '-o', 'lstart=', '-o', 'command=']
  const env = { PATH: process.env.PATH, LC_ALL: 'C' }
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-p', String(pid), ...columns], { env }).catch(
    // `ps` fails if it finds nothing.
    () => ({ stdout: '' }),
  )
  const [, state, began, command] = PS_LINE.exec(stdout.trim()) ?? []
  if (state === undefined || began === undefined || state.startsWith('Z')) return null
  return { identity: `${pid}:${began.replaceAll(/\s+/g, '-')}`, command: command ?? '' }
}
