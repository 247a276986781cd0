/**
 * HTTP caching. Caches may keep answers to queries over GET if these have no errors. The ETag is a hash of the answer's bytes, so it
 * changes exactly when the answer does and is the same in every process.
 */
import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

export interface CachingOptions {
  /** How long shared caches may serve an answer without revalidation; 0: they revalidate every time. */
  readonly maxAgeSeconds: number
  /** How long after that they may serve it while they revalidate. */
  readonly staleSeconds: number
}

/**
 * Sets the caching headers, unless `cache-control` is set already. The content type must be set before.
 *
 * @returns the answer's body; undefined if the client has it already
 */
export type ApplyCaching = (request: FastifyRequest, reply: FastifyReply, body: string) => string | undefined

export function createCaching({ maxAgeSeconds, staleSeconds }: CachingOptions): ApplyCaching {
  const shared =
    maxAgeSeconds === 0
      ? 'no-cache'
      : `public, max-age=0, s-maxage=${maxAgeSeconds}, stale-while-revalidate=${staleSeconds}`
  return (request, reply, body) => {
    if (reply.hasHeader('cache-control')) return body
    if (!isCacheable(request, reply, body)) {
      reply.header('cache-control', 'no-store')
      return body
    }
    const { headers } = request
    const isPersonal = headers.authorization !== undefined || headers.cookie !== undefined
    const tag = `"${hash('sha256', `${String(reply.getHeader('content-type'))}\n${body}`, 'base64url')}"`
    reply.header('cache-control', isPersonal ? 'private, no-cache' : shared)
    reply.header('etag', tag)
    reply.header('vary', [reply.getHeader('vary') ?? [], 'accept'].flat().join(', '))
    if (!matches(headers['if-none-match'], tag)) return body
    reply.code(304).removeHeader('content-type')
    return undefined
  }
}

const isCacheable = ({ method }: FastifyRequest, { statusCode }: FastifyReply, body: string): boolean =>
  method === 'GET' && statusCode === 200 && body.startsWith('{"data":')

function matches(wanted: string | undefined, tag: string): boolean {
  if (wanted === undefined) return false
  return wanted.split(',').some((given) => given.trim() === '*' || given.trim().replace(/^W\//, '') === tag)
}
