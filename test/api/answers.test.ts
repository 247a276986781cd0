import { expect, test } from 'vitest'
import { ClientMemory } from '../../src/admission/client-memory.ts'
import { Answers } from '../../src/http/answers.ts'
import type { Ingredient } from '../../src/graphql/traced-context.ts'

const memory = new Map<string, Ingredient['rows']>()
const peek: Ingredient['peek'] = (key) => memory.get(key)

/** What is in memory of a product, which was just put there. */
function rowsOf(key: string): Ingredient {
  const rows = [{}] as unknown as Ingredient['rows']
  memory.set(key, rows)
  return { key, rows, peek }
}

test('an answer is kept from the second time on, and while its rows are the same', () => {
  const answers = new Answers(new ClientMemory(16))
  const lamp = rowsOf('lamp')
  answers.set('lamp?', 'first', [lamp])
  expect(answers.get('lamp?')).toBeUndefined()
  answers.set('lamp?', 'second', [lamp])
  expect(answers.get('lamp?')).toBe('second')
  const changed = rowsOf('lamp')
  expect(answers.get('lamp?')).toBeUndefined()
  answers.set('lamp?', 'third', [changed])
  expect(answers.get('lamp?')).toBe('third')
  memory.delete('lamp')
  expect(answers.get('lamp?')).toBeUndefined()
})

test('questions that are asked once do not drive out those that are asked often', () => {
  const answers = new Answers(new ClientMemory(16))
  const lamp = rowsOf('lamp')
  for (let time = 0; time < 2; time += 1) answers.set('lamp?', 'often', [lamp])
  for (let count = 0; count < 50_000; count += 1) answers.set(`once ${count}`, 'x'.repeat(1000), [lamp])
  expect(answers.get('lamp?')).toBe('often')
})

test('what is kept is bounded', () => {
  const answers = new Answers(new ClientMemory(16))
  const lamp = rowsOf('lamp')
  const kept = (count: number) => answers.get(`question ${count}`) !== undefined
  for (let count = 0; count < 20_000; count += 1)
    for (let time = 0; time < 2; time += 1) answers.set(`question ${count}`, 'x'.repeat(1000), [lamp])
  expect(kept(19_999)).toBe(true)
  expect(Array.from({ length: 20_000 }, (_, count) => kept(count)).filter(Boolean).length).toBeLessThan(8000)
  const long = 'why?'.repeat(1000)
  for (let time = 0; time < 3; time += 1) answers.set(long, 'because', [lamp])
  expect(answers.get(long)).toBeUndefined()
})
