/**
 * The processes that use a server. Each has a file that is named by its pid and contains its identity and the port that it uses.
 * Reading removes the files of dead processes. Only the holder of the home's lock may read or write.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isRunning, ownIdentity } from './process-identity.ts'

/** The name of the entry, unique within the home. */
export type Registration = string

const directoryOf = (home: string): string => join(home, 'users')

let registrations = 0

export async function register(home: string, port: number): Promise<Registration> {
  const directory = directoryOf(home)
  await mkdir(directory, { recursive: true })
  // A process may open the same directory more than once.
  const name = `${process.pid}.${registrations++}`
  await writeFile(join(directory, name), `${await ownIdentity()} ${port}`)
  return name
}

export async function unregister(home: string, registration: Registration): Promise<void> {
  await rm(join(directoryOf(home), registration), { force: true })
}

/** @returns the port that the living users use; null if there are none */
export async function portInUse(home: string): Promise<number | null> {
  const directory = directoryOf(home)
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  let used: number | null = null
  for (const name of names) {
    const path = join(directory, name)
    // A process that was killed while writing has left an empty file; it does not count either.
    const [identity, port] = (await readFile(path, 'utf8')).split(' ') as [string, string | undefined]
    if (await isRunning(identity)) used = Number(port)
    else await rm(path, { force: true })
  }
  return used
}
