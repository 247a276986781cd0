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
const MAX_QUESTION_CHARACTERS = 500
const MAX_ASKED_ONCE = 10_000

export class Answers {
  readonly #answers = new LRUCache<string, Answer>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ body, ingredients }, question) =>
      body.length + question.length + OVERHEAD_CHARACTERS * (1 + ingredients.length),
  })
  readonly #askedOnce = new Set<string>()

  get(question: string): string | undefined {
    const answer = this.#answers.get(question)
    return answer?.ingredients.every(isUnchanged) === true ? answer.body : undefined
  }

  /** Keeps an answer, unless it is the first to its question: those that are asked once only must not drive out the others. */
  set(question: string, body: string, ingredients: readonly Ingredient[]): void {
    if (question.length > MAX_QUESTION_CHARACTERS) return
    if (this.#answers.has(question) || this.#askedOnce.delete(question)) {
      this.#answers.set(question, { body, ingredients })
      return
    }
    if (this.#askedOnce.size === MAX_ASKED_ONCE) this.#askedOnce.clear()
    this.#askedOnce.add(question)
  }
}

/** What an answer is kept under. */
export const questionOf = ({ id }: KnownOperation, variables: object | undefined): string =>
  `${id} ${JSON.stringify(variables)}`

/** A row that has changed is another object. */
function isUnchanged({ peek, key, rows }: Ingredient): boolean {
  const present = peek(key)
  return present?.length === rows.length && present.every((row, at) => row === rows[at])
}
