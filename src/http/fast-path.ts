/**
 * A fast path beside Apollo. Most requests ask for what has been asked before; of their way through Apollo, all is
 * known but the answer itself. So a request takes the fast path if it is an ordinary one, if Apollo has found its operation good
 * before, and if it has answered a request that accepts the same types. All others go to Apollo, and so does one whose
 * variables turn out to be wrong: nothing of it has been executed by then. The answers are those that Apollo gives.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ExecutionResult } from 'graphql'
import { LRUCache } from 'lru-cache'
import { Answers, questionOf } from './answers.ts'
import type { ClientMemory } from '../admission/client-memory.ts'
import type { ApiContext } from '../graphql/context.ts'
import { formatFault } from '../graphql/errors.ts'
import type { ApplyCaching } from './http-caching.ts'
import type { KnownOperation, KnownOperations } from './known-operations.ts'
import { OrdinaryRequests } from './ordinary-request.ts'
import type { OrdinaryRequest } from './ordinary-request.ts'
import { TracedContext } from '../graphql/traced-context.ts'

export interface FastPathOptions {
  readonly operations: KnownOperations
  readonly memory: ClientMemory
  readonly createContext: (requestId: string) => ApiContext
  readonly applyCaching: ApplyCaching
  readonly counts: AnswerCounts
  /** Told of errors that clients see masked. */
  readonly report: (error: unknown, requestId: string) => void
}

/** Requests by who has answered them. */
export interface AnswerCounts {
  apollo: number
  /** The fast path, having executed them. */
  fastPath: number
  /** The fast path, with the answer that it gave before. */
  memory: number
}

const MAX_ACCEPTS = 100
const MAX_ACCEPT_CHARACTERS = 500

export class FastPath {
  readonly #options: FastPathOptions
  readonly #requests = new OrdinaryRequests()
  readonly #answers: Answers
  /** The type that Apollo answers with to those who accept this. */
  readonly #types = new LRUCache<string, string>({ max: MAX_ACCEPTS })

  constructor(options: FastPathOptions) {
    this.#options = options
    this.#answers = new Answers(options.memory)
  }

  /** Apollo has answered. */
  learn({ headers: { accept = '' } }: FastifyRequest, reply: FastifyReply): void {
    const type = reply.getHeader('content-type')
    if (reply.statusCode !== 200 || typeof type !== 'string' || accept.length > MAX_ACCEPT_CHARACTERS) return
    this.#types.set(accept, type)
  }

  /** @returns false if it is for Apollo to answer; nothing has been done then */
  serve(request: FastifyRequest, reply: FastifyReply): boolean {
    const type = this.#types.get(request.headers.accept ?? '')
    const asked = type === undefined ? null : this.#requests.read(request)
    const operation = asked === null ? undefined : this.#find(asked)
    if (type === undefined || asked === null || operation === undefined) return false
    if (operation.isMutation && request.method !== 'POST') return false
    const send = (body: string) => {
      reply.header('content-type', type)
      if (operation.mustBeFresh) reply.header('cache-control', 'no-store')
      reply.send(this.#options.applyCaching(request, reply, body))
    }
    const { counts } = this.#options
    const question = operation.isMutation ? null : questionOf(operation, asked.variables)
    const known = question === null ? undefined : this.#answers.get(question)
    if (known !== undefined) {
      counts.memory += 1
      send(known)
      return true
    }
    const context = new TracedContext(this.#options.createContext(request.id))
    const finish = (result: ExecutionResult): void => {
      const body = this.#bodyOf(result, request.id)
      const { ingredients } = context
      if (result.errors === undefined && ingredients !== null && question !== null)
        this.#answers.set(question, body, ingredients)
      send(body)
    }
    const result = operation.execute(undefined, context, asked.variables)
    if (result instanceof Promise) result.then(finish).catch((error: Error) => reply.send(error))
    else if (result.data === undefined) return false
    else finish(result)
    counts.fastPath += 1
    return true
  }

  #find({ text, hash, operationName }: OrdinaryRequest): KnownOperation | undefined {
    const { operations } = this.#options
    const source = text ?? operations.textOf(hash ?? '')
    return source === undefined ? undefined : operations.find(source, operationName)
  }

  #bodyOf({ errors, data }: ExecutionResult, requestId: string): string {
    const { report } = this.#options
    const seen = errors?.map((error) => formatFault(error, requestId, (cause) => report(cause, requestId)))
    return `${JSON.stringify({ errors: seen, data })}\n`
  }
}
