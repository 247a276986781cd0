/** One server and its clients, each in its own process and on its own core. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { deferred } from '../../../src/lib/deferred.ts'
import type { Deferred } from '../../../src/lib/deferred.ts'
import type { Bench } from '../suite.ts'
import { LOAD_CORE, SERVER_CORE, pin } from '../support/cores.ts'
import { skuOf } from './contender.ts'
import type { ClientOrder, ClientReport, Contender, ServerOrder, ServerReport } from './contender.ts'

export interface Stage {
  /** @returns milliseconds until all clients had their first result */
  readonly connect: (count: number) => Promise<number>
  readonly reconnect: () => Promise<number>
  readonly stall: (count: number) => void
  /** Publishes changes, each after all results of the one before have arrived. @returns the cost */
  readonly deliver: (changes: number, resultsEach: number) => Promise<Delivered>
  /** Measured after a garbage collection. */
  readonly report: () => Promise<Extract<ServerReport, { type: 'report' }>>
  readonly end: () => void
}

export interface Delivered {
  readonly results: number
  readonly cpuSeconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export async function openStage({ onEnd }: Bench, contender: Contender, products: number): Promise<Stage> {
  const server = new Program<ServerOrder, ServerReport>('server.js', ['--expose-gc'], contender)
  const clients = new Program<ClientOrder, ClientReport>('clients.js', [])
  onEnd(end)
  const { port } = await server.said('listening')
  server.pin(SERVER_CORE)
  clients.pin(LOAD_CORE)
  const skus = Array.from({ length: products }, (_, at) => skuOf(at))

  function end(): void {
    for (const program of [server, clients]) program.end()
  }

  function report(collect = true) {
    const said = server.said('report')
    server.tell({ type: 'report', collect })
    return said
  }

  async function deliver(changes: number, resultsEach: number): Promise<Delivered> {
    let last = { results: 0, p50Ms: 0, p99Ms: 0 }
    const measuring = clients.said('measuring')
    clients.tell({ type: 'measure' })
    await measuring
    const before = await report(false)
    for (let change = 1; change <= changes; change += 1) {
      const received = clients.said('received')
      clients.tell({ type: 'expect', results: change * resultsEach })
      server.tell({ type: 'publish', sku: skus[change % skus.length] as string })
      last = await received
    }
    const after = await report(false)
    const { results, p50Ms, p99Ms } = last
    return { results, p50Ms, p99Ms, cpuSeconds: (after.cpuUs - before.cpuUs) / 1e6 }
  }

  async function ready(order: ClientOrder): Promise<number> {
    const said = clients.said('ready')
    clients.tell(order)
    return (await said).ms
  }

  return {
    connect: (count) => ready({ type: 'connect', port, skus, count }),
    reconnect: () => ready({ type: 'reconnect' }),
    stall: (count) => clients.tell({ type: 'stall', count }),
    deliver,
    report,
    end,
  }
}

/** A process of the bench, and its messages. */
class Program<Order extends object, Report extends { readonly type: string }> {
  readonly #child: ChildProcess
  readonly #waiting = new Map<string, Deferred<Report>>()

  constructor(program: string, options: readonly string[], ...args: string[]) {
    this.#child = fork(join(import.meta.dirname, program), args, {
      execArgv: [...options],
      env: { ...process.env, NODE_ENV: 'production' },
    })
    this.#child.on('message', (message) => {
      const report = message as Report
      this.#waiting.get(report.type)?.resolve(report)
      this.#waiting.delete(report.type)
    })
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${program} has ended with ${code}.`))
    })
  }

  pin(core: string): void {
    pin(this.#child.pid as number, core)
  }

  tell(order: Order): void {
    this.#child.send(order)
  }

  /** Waits for the next message of this type. */
  said<Type extends Report['type']>(type: Type): Promise<Extract<Report, { type: Type }>> {
    const answer = deferred<Report>()
    this.#waiting.set(type, answer)
    return answer.promise as Promise<Extract<Report, { type: Type }>>
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}
