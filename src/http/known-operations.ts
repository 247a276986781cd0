/**
 * Operations that Apollo has read, checked and found good, by the text that they came in. What is known here need not be
 * read and checked again; what has been forgotten goes to Apollo once more.
 */
import type { ApolloServerPlugin } from '@apollo/server'
import { OperationTypeNode } from 'graphql'
import type { LRUCache } from 'lru-cache'
import type { ClientMemory } from '../admission/client-memory.ts'
import type { ApiContext } from '../graphql/context.ts'
import { plannedDocumentBytes } from '../graphql/document-size.ts'
import { createExecute } from '../graphql/execute.ts'
import type { Execute } from '../graphql/execute.ts'
import { keyValueCache } from './key-value-cache.ts'
import type { TextStore } from './key-value-cache.ts'

export interface KnownOperation {
  /** Of this process. */
  readonly id: number
  readonly execute: Execute
  readonly isMutation: boolean
  /** Nobody may be given the answer that somebody else got a while ago. */
  readonly mustBeFresh: boolean
}

interface KnownDocument {
  readonly bytes: number
  readonly operations: Map<string | null, KnownOperation>
}

/** What an operation takes beside its document and plan. */
const OPERATION_BYTES = 500
/** Apollo writes it before the hash. */
const APQ_PREFIX = 'apq:'

export class KnownOperations {
  readonly #byText: LRUCache<string, KnownDocument>
  /** Texts that clients have registered, by their SHA-256: what Apollo keeps of them. */
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

  /** @param name of the operation; null: the only one in the text */
  find(text: string, name: string | null): KnownOperation | undefined {
    return this.#byText.get(text)?.operations.get(name)
  }

  /** @param hash that a client has registered the text by */
  textOf(hash: string): string | undefined {
    return this.#texts.get(APQ_PREFIX + hash)
  }

  /** Takes notice of what Apollo has found good. */
  readonly plugin: ApolloServerPlugin<ApiContext> = {
    requestDidStart: async () => ({
      didResolveOperation: async ({ request, schema, source, document, operation }) => {
        if (operation === undefined || operation.operation === OperationTypeNode.SUBSCRIPTION) return
        const known: KnownDocument = this.#byText.get(source) ?? {
          bytes: plannedDocumentBytes(document) + document.definitions.length * OPERATION_BYTES,
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

/** Who asks to see at least a certain point is not to be given what somebody has seen before it. */
const mustBeFresh = (text: string): boolean => text.includes('consistentWith')
