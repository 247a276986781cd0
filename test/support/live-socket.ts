/** A client of the live protocol that can stop reading, and that records every message unchanged. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { until } from './until.ts'

export interface Next {
  readonly id: string
  readonly type: string
  readonly payload: {
    readonly data?: any
    readonly errors?: readonly { readonly extensions: { readonly code: string } }[]
    readonly extensions?: { readonly cursor: string }
  }
}

export class LiveSocket {
  readonly messages: Next[] = []
  readonly ws: WebSocket
  closed: { code: number; reason: string } | null = null

  static async open(url: string): Promise<LiveSocket> {
    const socket = new LiveSocket(url)
    await once(socket.ws, 'open')
    socket.ws.send(JSON.stringify({ type: 'connection_init' }))
    await until(() => socket.messages.some(({ type }) => type === 'connection_ack'))
    return socket
  }

  private constructor(url: string) {
    this.ws = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws')
    this.ws.on('message', (data: Buffer) => this.messages.push(JSON.parse(data.toString())))
    this.ws.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) }
    })
    this.ws.on('error', () => {})
  }

  subscribe(id: string, query: string, more: object = {}): void {
    this.ws.send(JSON.stringify({ id, type: 'subscribe', payload: { query, ...more } }))
  }

  complete(id: string): void {
    this.ws.send(JSON.stringify({ id, type: 'complete' }))
  }

  /** The results of an operation, in order. */
  results(id: string): Next['payload'][] {
    return this.messages
      .filter((message) => message.id === id && message.type === 'next')
      .map(({ payload }) => payload)
  }

  /** Stops reading, so that messages queue up on the server. */
  stall(): void {
    this.ws.pause()
  }

  resume(): void {
    this.ws.resume()
  }

  async close(): Promise<void> {
    if (this.closed !== null) return
    this.ws.terminate()
    await until(() => this.closed)
  }
}
