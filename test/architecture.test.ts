/** Which part may know of which. Data runs one way: the domain knows nobody, and nobody knows the compositions. */
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const SRC = join(import.meta.dirname, '../src')

/** Each room, a folder or a part of one, with the rooms that its files may import from, beside their own. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'config.ts': ['lib'],
  domain: [],
  lib: [],
  log: ['domain', 'lib'],
  command: ['domain', 'lib', 'log'],
  projector: ['domain', 'lib', 'log'],
  projection: ['domain', 'lib', 'log', 'projector'],
  progress: ['domain', 'lib', 'log', 'projector'],
  live: ['domain', 'lib', 'log', 'projector', 'projection', 'progress'],
  integration: ['domain', 'lib', 'log', 'command', 'projector', 'projection'],
  // What resolvers have in common; its types name what all of them reach.
  graphql: ['domain', 'lib', 'log', 'command', 'projector', 'projection', 'progress'],
  'graphql/mutations': ['domain', 'lib', 'log', 'command', 'graphql'],
  'graphql/queries': ['domain', 'lib', 'log', 'projector', 'projection', 'progress', 'graphql'],
  'graphql/subscriptions': [
    ...['domain', 'lib', 'log', 'projector', 'projection', 'progress', 'live', 'graphql', 'admission'],
  ],
  // Whom the server lets in, and how much a client may cost.
  admission: ['lib'],
  delivery: ['domain', 'lib', 'log', 'projection', 'live', 'graphql', 'graphql/subscriptions', 'admission'],
  http: ['lib', 'live', 'graphql', 'graphql/subscriptions', 'delivery', 'admission'],
  operations: ['domain', 'lib', 'log', 'command', 'projector', 'projection', 'live', 'integration'],
  web: [],
  client: [],
}
/** They put the parts together. */
const COMPOSITIONS = ['compose.ts', 'compose', 'cli', 'graphql/schema.ts']
/** Each package with the only places that may know of it. */
const PACKAGES: Record<string, readonly string[]> = {
  postgres: ['lib/postgres.ts', 'operations'],
  ioredis: ['lib/redis.ts', 'live/redis-channels.ts', 'integration'],
  graphql: ['graphql', 'delivery', 'http', 'client', 'admission'],
  'graphql-ws': ['delivery', 'client'],
  ws: ['delivery'],
  fastify: ['http', 'delivery', 'admission', 'web', 'operations/health.ts', 'operations/http-durations.ts'],
  '@apollo/server': ['graphql', 'http'],
}

interface Import {
  readonly file: string
  /** A file below src, or a package. */
  readonly of: string
}

const IMPORT = /^(?:import|export)\s[^'"]*?from '([^']+)'|^import '([^']+)'|import\('([^']+)'\)/gms

async function imports(): Promise<Import[]> {
  const files = (await readdir(SRC, { recursive: true })).filter((file) => file.endsWith('.ts'))
  const found: Import[] = []
  for (const file of files) {
    for (const [, named, bare, lazy] of (await readFile(join(SRC, file), 'utf8')).matchAll(IMPORT)) {
      const of = (named ?? bare ?? lazy) as string
      found.push({ file, of: of.startsWith('.') ? relative(SRC, join(SRC, dirname(file), of)) : of })
    }
  }
  return found
}

/** The innermost room that a file is in. */
function roomOf(file: string): string {
  const rooms = Object.keys(MAY_IMPORT).filter((room) => isIn([room], file))
  return rooms.toSorted((a, b) => b.length - a.length)[0] ?? (file.split('/', 1)[0] as string)
}
const isIn = (places: readonly string[], file: string): boolean =>
  places.some((place) => file === place || file.startsWith(`${place}/`))

test('imports between folders go one way', async () => {
  const wrong = (await imports())
    .filter(({ file, of }) => of.endsWith('.ts') && !isIn(COMPOSITIONS, file))
    .filter(({ file, of }) => of.includes('/') || file.includes('/'))
    .filter(({ file, of }) => ![roomOf(file), ...(MAY_IMPORT[roomOf(file)] ?? [])].includes(roomOf(of)))
    // Everybody may read the configuration's type; it is plain data.
    .filter(({ of }) => of !== 'config.ts')
  expect(wrong).toEqual([])
})

test('the domain is plain TypeScript: it imports no package, and reads no clock', async () => {
  const outside = (await imports()).filter(({ file, of }) => roomOf(file) === 'domain' && !of.endsWith('.ts'))
  expect(outside).toEqual([])
  const files = await readdir(join(SRC, 'domain'), { recursive: true })
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    expect(await readFile(join(SRC, 'domain', file), 'utf8')).not.toMatch(
      /new Date\(\)|Date\.now|Math\.random|process\./,
    )
  }
})

test.each(Object.entries(PACKAGES))('%s is known in few places', async (name, places) => {
  const others = (await imports()).filter(
    ({ file, of }) => !of.endsWith('.ts') && isIn([name], of) && !isIn(places, file),
  )
  expect(others).toEqual([])
})

test('every folder has its rule', async () => {
  const folders = (await readdir(SRC, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  const known = new Set([...Object.keys(MAY_IMPORT), ...COMPOSITIONS])
  expect(folders.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([])
})
