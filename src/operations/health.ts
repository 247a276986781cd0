import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import type { PartitionProgress } from '../projector/progress.ts'
import { orTimeout } from '../lib/deadline.ts'
import { summarizeProgress } from '../projector/progress.ts'

export interface HealthOptions {
  readonly draining: () => boolean
  readonly progress: () => Promise<readonly PartitionProgress[]>
  readonly registry: Registry
}

/** Answer before usual probes time out, so that they get the reason. */
const READY_TIMEOUT_MS = 4500

/**
 * `/healthz`: the process is alive. `/readyz`: the process can take requests; not while it drains or cannot reach the database. A
 * stopped projection is reported, but does not make the process unready, because the others continue. `/metrics`: for Prometheus.
 */
export async function healthRoutes(server: FastifyInstance, options: HealthOptions): Promise<void> {
  const { draining, progress, registry } = options
  server.get('/healthz', () => ({ status: 'ok' }))
  server.get('/readyz', async (_, reply) => {
    if (draining()) return reply.code(503).send({ status: 'draining' })
    try {
      const rows = await orTimeout(progress(), READY_TIMEOUT_MS)
      const stopped = rows.flatMap(({ projection, partition, error }) =>
        error === null ? [] : [{ projection, partition, error }],
      )
      const projections = summarizeProgress(rows, new Date()).map(({ name, lag, lagMs, status }) => ({
        name,
        lag,
        lagMs,
        status,
      }))
      return { status: 'ready', projections, ...(stopped.length > 0 && { stopped }) }
    } catch {
      return reply.code(503).send({ status: 'database unreachable' })
    }
  })
  server.get('/metrics', async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()))
}
