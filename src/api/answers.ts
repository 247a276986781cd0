/**
 * Answers to queries that were made of nothing but rows in memory. While these rows are still the ones that memory gives, the
 * answer is still the one that executing the query again would give.
 */
import { LRUCache } from 'lru-cache'
import type { KnownOperation } from './known-operations.ts'
import type { Ingredient } from './traced-context.ts'

interface Answer {
  readonly body: string
  readonly ingredients: readonly Ingredient[]
}

const MAX_CHARACTERS = 8_000_000
/** What an answer takes beside its text, roughly, and as much for each of its rows. */
const OVERHEAD_CHARACTERS = 500

export class Answers {
  readonly #answers = new LRUCache<string, Answer>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ body, ingredients }, key) =>
      body.length + key.length + OVERHEAD_CHARACTERS * (1 + ingredients.length),
  })

  get(operation: KnownOperation, variables: object | undefined): string | undefined {
    const answer = this.#answers.get(keyOf(operation, variables))
    return answer?.ingredients.every(isUnchanged) === true ? answer.body : undefined
  }

  set(
    operation: KnownOperation,
    variables: object | undefined,
    body: string,
    ingredients: readonly Ingredient[],
  ): void {
    this.#answers.set(keyOf(operation, variables), { body, ingredients })
  }
}

const keyOf = ({ id }: KnownOperation, variables: object | undefined): string =>
  `${id} ${JSON.stringify(variables)}`

/** A row that has changed is another object. */
function isUnchanged({ peek, key, rows }: Ingredient): boolean {
  const present = peek(key)
  return present?.length === rows.length && present.every((row, at) => row === rows[at])
}
