/**
 * Durations of HTTP requests by route, method and status, as a Prometheus histogram. It does not use prom-client's histogram, because
 * one observation there costs a twentieth of an answer from memory.
 */
import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'

const NAME = 'onhand_http_request_seconds'
const BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]

interface Series {
  readonly labels: { readonly route: string; readonly method: string; readonly status: number }
  /** Requests by the first bucket that holds them. The last count is for requests beyond all buckets. */
  readonly counts: number[]
  sum: number
}

export class HttpDurations {
  readonly #series: Series[] = []

  /** Measures all routes that are added from now on. Requests without a route are not measured. */
  watch(http: FastifyInstance): void {
    http.addHook('onRoute', (route) => {
      const series = new Map<string, Map<number, Series>>()
      const of = (method: string, status: number): Series => {
        const byStatus = series.get(method) ?? new Map<number, Series>()
        series.set(method, byStatus)
        const found = byStatus.get(status) ?? this.#add(route.url, method, status)
        byStatus.set(status, found)
        return found
      }
      route.onResponse = (request, reply, done) => {
        const seconds = reply.elapsedTime / 1000
        const found = of(request.method, reply.statusCode)
        const bucket = BUCKETS.findIndex((most) => seconds <= most)
        const at = bucket < 0 ? BUCKETS.length : bucket
        found.counts[at] = (found.counts[at] as number) + 1
        found.sum += seconds
        done()
      }
    })
  }

  register(registry: Registry): void {
    const get = async () => ({
      name: NAME,
      help: 'Duration of HTTP requests by route, method and status, without live operations.',
      type: 'histogram',
      aggregator: 'sum',
      values: this.#series.flatMap(valuesOf),
    })
    // A registry uses no more of a metric than this.
    registry.registerMetric({ name: NAME, get, reset() {} } as never)
  }

  #add(route: string, method: string, status: number): Series {
    const series = {
      labels: { route, method, status },
      counts: Array<number>(BUCKETS.length + 1).fill(0),
      sum: 0,
    }
    this.#series.push(series)
    return series
  }
}

function valuesOf({ labels, counts, sum }: Series) {
  let total = 0
  const buckets = counts.map((count, at) => {
    total += count
    return {
      metricName: `${NAME}_bucket`,
      labels: { ...labels, le: BUCKETS[at] ?? '+Inf' },
      value: total,
    }
  })
  return [
    ...buckets,
    { metricName: `${NAME}_sum`, labels, value: sum },
    { metricName: `${NAME}_count`, labels, value: total },
  ]
}
