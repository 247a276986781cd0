/** Thousands of clients in one process, each with its own socket. They implement only the part of the protocol that they need. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { Latencies } from '../support/latencies.ts'
import { SUBSCRIPTION } from './contender.ts'
import type { ClientOrder, ClientReport } from './contender.ts'

const CONNECTING_AT_ONCE = 200
/** Only some messages are timed, because reading the time from each would be most of a client's work. */
const TIMED_SHARE = 16
const UPDATED_AT = /"updatedAt":"([^"]+)"/

let sockets: WebSocket[] = []
let target = { port: 0, skus: [] as readonly string[] }
let results = 0
let expected = Number.POSITIVE_INFINITY
let latencies = new Latencies()

const say = (report: ClientReport) => process.send?.(report)

/** @returns once it has its first result */
async function connect(sku: string): Promise<void> {
  const ws = new WebSocket(`ws://127.0.0.1:${target.port}/graphql`, 'graphql-transport-ws', {
    perMessageDeflate: false,
  })
  sockets.push(ws)
  await new Promise<void>((resolve, reject) => {
    let acknowledged = false
    let begun = false
    ws.on('open', () => ws.send('{"type":"connection_init"}'))
    ws.on('error', reject)
    ws.on('message', (data: Buffer) => {
      if (begun) receive(data)
      else if (acknowledged) {
        begun = true
        resolve()
      } else {
        acknowledged = true
        const payload = { query: SUBSCRIPTION, variables: { skus: [sku] } }
        ws.send(JSON.stringify({ id: randomUUID(), type: 'subscribe', payload }))
      }
    })
  })
}

function receive(data: Buffer): void {
  results += 1
  if (results % TIMED_SHARE === 0) {
    const at = UPDATED_AT.exec(data.toString('latin1'))?.[1]
    if (at !== undefined) latencies.record(Date.now() - Date.parse(at))
  }
  if (results >= expected) {
    expected = Number.POSITIVE_INFINITY
    say({ type: 'received', results, p50Ms: latencies.percentile(50), p99Ms: latencies.percentile(99) })
  }
}

async function connectAll(count: number, atOnce: number): Promise<void> {
  const startedAt = performance.now()
  for (let at = 0; at < count; at += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, count - at) }, (_, n) =>
      connect(target.skus[(at + n) % target.skus.length] as string),
    )
    await Promise.all(some)
  }
  say({ type: 'ready', ms: performance.now() - startedAt })
}

process.on('message', async (order: ClientOrder) => {
  switch (order.type) {
    case 'connect':
      target = order
      await connectAll(order.count, CONNECTING_AT_ONCE)
      break
    case 'stall':
      for (const ws of sockets.slice(-order.count)) ws.pause()
      break
    case 'reconnect': {
      const lost = sockets
      sockets = []
      for (const ws of lost) ws.terminate()
      while (lost.some(({ readyState }) => readyState !== WebSocket.CLOSED)) await sleep(5)
      await connectAll(lost.length, lost.length)
      break
    }
    case 'measure':
      results = 0
      latencies = new Latencies()
      say({ type: 'measuring' })
      break
    case 'expect':
      expected = order.results
      if (results >= expected) say({ type: 'received', results, p50Ms: Number.NaN, p99Ms: Number.NaN })
      break
    default:
      order satisfies never
  }
})
process.on('disconnect', () => process.exit())
