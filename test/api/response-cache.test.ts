import { expect, test } from 'vitest'
import { ClientMemory } from '../../src/admission/client-memory.ts'
import { ResponseCache } from '../../src/http/response-cache.ts'
import type { Dependency } from '../../src/graphql/traced-context.ts'

const memory = new Map<string, Dependency['rows']>()
const peek: Dependency['peek'] = (key) => memory.get(key)

/** Puts a product's rows into memory. */
function rowsOf(key: string): Dependency {
  const rows = [{}] as unknown as Dependency['rows']
  memory.set(key, rows)
  return { key, rows, peek }
}

test('a response is cached from the second time on, as long as its rows are the same', () => {
  const cache = new ResponseCache(new ClientMemory(16))
  const lamp = rowsOf('lamp')
  cache.set('lamp?', 'first', [lamp])
  expect(cache.get('lamp?')).toBeUndefined()
  cache.set('lamp?', 'second', [lamp])
  expect(cache.get('lamp?')).toBe('second')
  const changed = rowsOf('lamp')
  expect(cache.get('lamp?')).toBeUndefined()
  cache.set('lamp?', 'third', [changed])
  expect(cache.get('lamp?')).toBe('third')
  memory.delete('lamp')
  expect(cache.get('lamp?')).toBeUndefined()
})

test('keys that are seen once do not evict keys that are seen often', () => {
  const cache = new ResponseCache(new ClientMemory(16))
  const lamp = rowsOf('lamp')
  for (let time = 0; time < 2; time += 1) cache.set('lamp?', 'often', [lamp])
  for (let count = 0; count < 50_000; count += 1) cache.set(`once ${count}`, 'x'.repeat(1000), [lamp])
  expect(cache.get('lamp?')).toBe('often')
})

test('the cache is bounded', () => {
  const cache = new ResponseCache(new ClientMemory(16))
  const lamp = rowsOf('lamp')
  const isCached = (count: number) => cache.get(`key ${count}`) !== undefined
  for (let count = 0; count < 20_000; count += 1)
    for (let time = 0; time < 2; time += 1) cache.set(`key ${count}`, 'x'.repeat(1000), [lamp])
  expect(isCached(19_999)).toBe(true)
  expect(Array.from({ length: 20_000 }, (_, count) => isCached(count)).filter(Boolean).length).toBeLessThan(
    8000,
  )
  const long = 'long'.repeat(1000)
  for (let time = 0; time < 3; time += 1) cache.set(long, 'body', [lamp])
  expect(cache.get(long)).toBeUndefined()
})
