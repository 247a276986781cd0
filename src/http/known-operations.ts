/**
 * Operations that Apollo has parsed and validated, by their source text, so that the fast path need not do either again. An operation
 * that has been evicted goes through Apollo once more.
 */
import type { ApolloServerPlugin } from '@apollo/server'
import { OperationTypeNode } from 'graphql'
import type { LRUCache } from 'lru-cache'
import type { ClientMemory } from '../admission/client-memory.ts'
import type { ApiContext } from '../graphql/context.ts'
import { compiledDocumentBytes } from '../graphql/document-size.ts'
import { createExecute } from '../graphql/execute.ts'
import type { Execute } from '../graphql/execute.ts'
import { keyValueCache } from './key-value-cache.ts'
import type { TextStore } from './key-value-cache.ts'

export interface KnownOperation {
  /** Unique in this process. */
  readonly id: number
  readonly execute: Execute
  readonly isMutation: boolean
  /** Caches must not store the answer. */
  readonly mustBeFresh: boolean
}

interface KnownDocument {
  readonly bytes: number
  readonly operations: Map<string | null, KnownOperation>
}

/** Estimated memory per operation beside its document. */
const OPERATION_BYTES = 500
/** Apollo's prefix of the hash. */
const APQ_PREFIX = 'apq:'

export class KnownOperations {
  readonly #byText: LRUCache<string, KnownDocument>
  /** Apollo's store of registered query texts, by SHA-256. */
  readonly #texts: LRUCache<string, string>
  #count = 0

  constructor(memory: ClientMemory) {
    this.#byText = memory.cache('documents', ({ bytes }) => bytes)
    this.#texts = memory.cache(
      'persistedQueries',
      (text, hash) => 2 * text.length + hash.length + OPERATION_BYTES,
    )
  }

  get persistedQueries(): TextStore {
    return keyValueCache(this.#texts)
  }

  /** @param name of the operation; null: the only one in the document */
  find(text: string, name: string | null): KnownOperation | undefined {
    return this.#byText.get(text)?.operations.get(name)
  }

  /** @param hash SHA-256 of a registered text */
  textOf(hash: string): string | undefined {
    return this.#texts.get(APQ_PREFIX + hash)
  }

  /** Adds each operation that Apollo has validated. */
  readonly plugin: ApolloServerPlugin<ApiContext> = {
    requestDidStart: async () => ({
      didResolveOperation: async ({ request, schema, source, document, operation }) => {
        if (operation === undefined || operation.operation === OperationTypeNode.SUBSCRIPTION) return
        const known: KnownDocument = this.#byText.get(source) ?? {
          bytes: compiledDocumentBytes(document) + document.definitions.length * OPERATION_BYTES,
          operations: new Map(),
        }
        const operationName = request.operationName ?? null
        const isMutation = operation.operation === OperationTypeNode.MUTATION
        known.operations.set(operationName, {
          id: ++this.#count,
          execute: createExecute({ schema, document, operationName, repeatable: !isMutation }),
          isMutation,
          mustBeFresh: mustBeFresh(source),
        })
        this.#byText.set(source, known)
      },
      willSendResponse: async ({ source, response }) => {
        if (source !== undefined && mustBeFresh(source))
          response.http.headers.set('cache-control', 'no-store')
      },
    }),
  }
}

/** A query with a consistency token must not get an older answer from a cache. */
const mustBeFresh = (text: string): boolean => text.includes('consistentWith')
