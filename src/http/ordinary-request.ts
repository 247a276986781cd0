/**
 * Reads requests in their most common form for the fast path. A request that is unusual in any way, even a valid one, is not read
 * here. The rules are Apollo's.
 */
import type { FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { isRecord } from '../lib/is-record.ts'

export interface OrdinaryRequest {
  readonly text: string | undefined
  /** SHA-256 of a registered text; set if `text` is not. */
  readonly hash: string | undefined
  readonly operationName: string | null
  readonly variables: Readonly<Record<string, unknown>> | undefined
}

const JSON_TYPE = /^application\/json *(;|$)/i
const FIELDS = new Set(['query', 'operationName', 'variables', 'extensions'])

/** No input nests deeper. `JSON.stringify` can overflow the stack on values that nest much deeper. */
const MAX_DEPTH = 10

/** Total size of the URLs whose parsed requests are cached, because pages request the same URLs again and again. */
const MAX_URL_CHARACTERS = 1_000_000

export class OrdinaryRequests {
  readonly #fromUrls = new LRUCache<string, OrdinaryRequest>({
    maxSize: MAX_URL_CHARACTERS,
    sizeCalculation: (_, url) => url.length,
  })

  /** @returns null if the request is not an ordinary one */
  read({ method, url, headers, body }: FastifyRequest): OrdinaryRequest | null {
    const type = headers['content-type']
    if (method === 'POST') return JSON_TYPE.test(type ?? '') ? fromFields(body) : null
    const isUsual = type === undefined || type === 'application/json'
    return method === 'GET' && isUsual ? this.#readUrl(url) : null
  }

  #readUrl(url: string): OrdinaryRequest | null {
    const cached = this.#fromUrls.get(url)
    if (cached !== undefined) return cached
    const read = fromUrl(url)
    if (read !== null) this.#fromUrls.set(url, read)
    return read
  }
}

function fromFields(body: unknown): OrdinaryRequest | null {
  if (!isRecord(body)) return null
  const { query, operationName = null, variables = null, extensions = null } = body
  if (query !== undefined && (typeof query !== 'string' || query === '')) return null
  if (operationName !== null && typeof operationName !== 'string') return null
  if (variables !== null && !isRecord(variables)) return null
  if (isDeeper(variables, MAX_DEPTH)) return null
  if (extensions !== null && !isRecord(extensions)) return null
  const persisted = extensions?.['persistedQuery'] ?? null
  const hash = isRecord(persisted) && persisted['version'] === 1 ? persisted['sha256Hash'] : undefined
  if (query === undefined ? typeof hash !== 'string' : persisted !== null) return null
  return { text: query, hash: hash as string | undefined, operationName, variables: variables ?? undefined }
}

function fromUrl(url: string): OrdinaryRequest | null {
  const start = url.indexOf('?')
  if (start === -1 || url.includes('#')) return null
  const fields: Record<string, unknown> = {}
  for (const [name, value] of new URLSearchParams(url.slice(start))) {
    if (!FIELDS.has(name)) continue
    if (name in fields) return null
    try {
      fields[name] = name === 'variables' || name === 'extensions' ? JSON.parse(value) : value
    } catch {
      return null
    }
    if (fields[name] === null) return null
  }
  return fromFields(fields)
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => isDeeper(inner, depth - 1))
}
