/**
 * Operations that Apollo has read, checked and found good, by the text that they came in. What is known here need not be
 * read and checked again; what has been forgotten goes to Apollo once more.
 */
import type { ApolloServerPlugin } from '@apollo/server'
import { OperationTypeNode } from 'graphql'
import { LRUCache } from 'lru-cache'
import type { ApiContext } from './context.ts'
import { createExecute } from './execute.ts'
import type { Execute } from './execute.ts'

export interface KnownOperation {
  /** Of this process. */
  readonly id: number
  readonly execute: Execute
  readonly isMutation: boolean
  /** Nobody may be given the answer that somebody else got a while ago. */
  readonly mustBeFresh: boolean
}

/** Of all texts together. A document with its plan takes some two hundred times the memory of its text. */
const MAX_CHARACTERS = 400_000
const MAX_HASHES = 10_000

type Named = Map<string | null, KnownOperation>

export class KnownOperations {
  readonly #byText = new LRUCache<string, Named>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_, text) => text.length,
  })
  /** Texts that clients have registered, by their SHA-256. */
  readonly #texts = new LRUCache<string, string>({ max: MAX_HASHES })
  #count = 0

  /** @param name of the operation; null: the only one in the text */
  find(text: string, name: string | null): KnownOperation | undefined {
    return this.#byText.get(text)?.get(name)
  }

  /** @param hash that a client has registered the text by */
  textOf(hash: string): string | undefined {
    return this.#texts.get(hash)
  }

  /** Takes notice of what Apollo has found good. */
  readonly plugin: ApolloServerPlugin<ApiContext> = {
    requestDidStart: async () => ({
      didResolveOperation: async ({ request, schema, source, document, operation, metrics, queryHash }) => {
        if (operation === undefined || operation.operation === OperationTypeNode.SUBSCRIPTION) return
        if (metrics.persistedQueryRegister === true || metrics.persistedQueryHit === true)
          this.#texts.set(queryHash, source)
        const named: Named = this.#byText.get(source) ?? new Map()
        const operationName = request.operationName ?? null
        const isMutation = operation.operation === OperationTypeNode.MUTATION
        named.set(operationName, {
          id: ++this.#count,
          execute: createExecute({ schema, document, operationName, repeatable: !isMutation }),
          isMutation,
          mustBeFresh: mustBeFresh(source),
        })
        this.#byText.set(source, named)
      },
      willSendResponse: async ({ source, response }) => {
        if (source !== undefined && mustBeFresh(source))
          response.http.headers.set('cache-control', 'no-store')
      },
    }),
  }
}

/** Who asks to see at least a certain point is not to be given what somebody has seen before it. */
const mustBeFresh = (text: string): boolean => text.includes('consistentWith')
