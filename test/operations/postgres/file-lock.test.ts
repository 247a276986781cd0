import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withFileLock } from '../../../src/operations/postgres/file-lock.ts'
import { ownIdentity } from '../../../src/operations/postgres/process-identity.ts'

describe('a file lock', () => {
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'onhand-lock-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  it('admits one process at a time, also if all of them find a dead holder', async () => {
    const path = join(directory, 'lock')
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    // One process died while holding the lock, and another one while removing that lock.
    await writeFile(path, `${pid}:1:x first`)
    await writeFile(`${path}.first`, `${pid}:1:x second`)
    let inside = 0
    let entered = 0
    const enter = () =>
      withFileLock(path, 5_000, async () => {
        expect(++inside).toBe(1)
        // Long enough for others that saw the dead holder to try to remove it again.
        await setTimeout(30)
        inside--
        entered++
      })
    await Promise.all(Array.from({ length: 8 }, enter))
    expect(entered).toBe(8)
    expect(await readdir(directory)).toEqual([])
  })

  it('is free again after a failure', async () => {
    const path = join(directory, 'lock')
    const failing = withFileLock(path, 100, () => Promise.reject(new Error('the work failed')))
    await expect(failing).rejects.toThrow('the work failed')
    expect(await withFileLock(path, 100, () => Promise.resolve('in'))).toBe('in')
  })

  it('names the holder if the wait is too long', async () => {
    const path = join(directory, 'lock')
    await writeFile(path, `${await ownIdentity()} someone-living`)
    const waiting = withFileLock(path, 20, () => Promise.resolve())
    await expect(waiting).rejects.toThrow(`still held by process ${process.pid}`)
  })
})
