/**
 * Answers to queries that were made of nothing but rows in memory. While these rows are still the ones that memory gives, the
 * answer is still the one that executing the query again would give.
 */
import type { LRUCache } from 'lru-cache'
import type { ClientMemory } from '../admission/client-memory.ts'
import type { KnownOperation } from './known-operations.ts'
import type { Ingredient } from '../graphql/traced-context.ts'

interface Answer {
  readonly body: string
  readonly ingredients: readonly Ingredient[]
}

/** What an answer takes beside its text, roughly, and as much for each of its rows. */
const OVERHEAD_BYTES = 500
const MAX_QUESTION_CHARACTERS = 500
const CHARACTER_BYTES = 2
/** Of the share of memory: questions that were asked once. */
const ASKED_ONCE = 0.2

export class Answers {
  readonly #answers: LRUCache<string, Answer>
  readonly #askedOnce: LRUCache<string, string>

  constructor(memory: ClientMemory) {
    this.#answers = memory.cache(
      'answers',
      ({ body, ingredients }, question) =>
        CHARACTER_BYTES * (body.length + question.length) + OVERHEAD_BYTES * (1 + ingredients.length),
      { part: 1 - ASKED_ONCE },
    )
    this.#askedOnce = memory.cache(
      'answers',
      (_, question) => CHARACTER_BYTES * question.length + OVERHEAD_BYTES,
      { part: ASKED_ONCE },
    )
  }

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
    this.#askedOnce.set(question, 'once')
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
