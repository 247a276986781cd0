/**
 * What caches between server and client may do with an answer. They may keep those to queries over GET, if these are whole; the
 * tag is that of the answer's bytes, so it changes when the answer does, and is the same from every process.
 */
import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

export interface CachingOptions {
  /** For so long caches that are shared may give an answer without asking; 0: they always ask whether it has changed. */
  readonly maxAgeSeconds: number
  /** For so long after that they may go on giving it while they ask. */
  readonly staleSeconds: number
}

/**
 * Says in the answer's headers what caches may do with it, unless they say so already. Its type is among them.
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
    const ofOne = headers.authorization !== undefined || headers.cookie !== undefined
    const tag = `"${hash('sha256', `${String(reply.getHeader('content-type'))}\n${body}`, 'base64url')}"`
    reply.header('cache-control', ofOne ? 'private, no-cache' : shared)
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
