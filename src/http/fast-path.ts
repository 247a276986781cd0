/**
 * Serves operations that Apollo has already validated, with the same responses as Apollo. A request takes the fast path if it is an
 * ordinary one, if Apollo has validated its operation, and if Apollo has answered a request with the same `Accept` header. Anything
 * unusual falls back to Apollo. So does a request with invalid variables, which are found before anything is executed.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ExecutionResult } from 'graphql'
import { LRUCache } from 'lru-cache'
import { ResponseCache, cacheKeyOf } from './response-cache.ts'
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
  /** Receives errors that clients see masked. */
  readonly report: (error: unknown, requestId: string) => void
}

/** Number of requests by what answered them. */
export interface AnswerCounts {
  apollo: number
  /** The fast path, by executing them. */
  fastPath: number
  /** The fast path, from its response cache. */
  memory: number
}

const MAX_ACCEPTS = 100
const MAX_ACCEPT_CHARACTERS = 500

export class FastPath {
  readonly #options: FastPathOptions
  readonly #requests = new OrdinaryRequests()
  readonly #responses: ResponseCache
  /** Apollo's content type by `Accept` header. */
  readonly #contentTypes = new LRUCache<string, string>({ max: MAX_ACCEPTS })

  constructor(options: FastPathOptions) {
    this.#options = options
    this.#responses = new ResponseCache(options.memory)
  }

  /** Remembers the content type of a response of Apollo's. */
  rememberType({ headers: { accept = '' } }: FastifyRequest, reply: FastifyReply): void {
    const type = reply.getHeader('content-type')
    if (reply.statusCode !== 200 || typeof type !== 'string' || accept.length > MAX_ACCEPT_CHARACTERS) return
    this.#contentTypes.set(accept, type)
  }

  /** @returns false if Apollo has to answer; nothing has been executed then */
  serve(request: FastifyRequest, reply: FastifyReply): boolean {
    const type = this.#contentTypes.get(request.headers.accept ?? '')
    const ordinary = type === undefined ? null : this.#requests.read(request)
    const operation = ordinary === null ? undefined : this.#find(ordinary)
    if (type === undefined || ordinary === null || operation === undefined) return false
    if (operation.isMutation && request.method !== 'POST') return false
    const send = (body: string) => {
      reply.header('content-type', type)
      if (operation.mustBeFresh) reply.header('cache-control', 'no-store')
      reply.send(this.#options.applyCaching(request, reply, body))
    }
    const { counts } = this.#options
    const key = operation.isMutation ? null : cacheKeyOf(operation, ordinary.variables)
    const cached = key === null ? undefined : this.#responses.get(key)
    if (cached !== undefined) {
      counts.memory += 1
      send(cached)
      return true
    }
    const context = new TracedContext(this.#options.createContext(request.id))
    const finish = (result: ExecutionResult): void => {
      const body = this.#bodyOf(result, request.id)
      const { dependencies } = context
      if (result.errors === undefined && dependencies !== null && key !== null)
        this.#responses.set(key, body, dependencies)
      send(body)
    }
    const result = operation.execute(undefined, context, ordinary.variables)
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
