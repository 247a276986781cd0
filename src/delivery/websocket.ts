/**
 * Live operations over WebSocket, in the graphql-transport-ws protocol. The messages, operations, and how results get out are ours:
 * a frame is written to the socket as the bytes that all members of a group share, with an operation's own id behind them. The
 * socket is the one that the upgrade was asked on, and ws without compression writes to it at once, so the two do not get into
 * each other's way.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { handleProtocols } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { OriginPolicy } from '../admission/origins.ts'
import { refuseRaw } from '../admission/raw-refusal.ts'
import type { Admission, Refusal } from '../admission/admission.ts'
import { Connection } from './connection.ts'
import type { ConnectionOptions } from './connection.ts'
import { KeepAlive } from './keep-alive.ts'

export interface WebSocketOptions extends ConnectionOptions {
  readonly path: string
  readonly allowsOrigin: OriginPolicy['allows']
  readonly admission: Admission
  readonly pingIntervalMs: number
}

interface HttpRefusal {
  readonly status: number
  readonly message: string
}

export interface LiveSockets {
  readonly connections: number
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Tells clients to connect elsewhere, in random order over this time. */
  readonly drain: (ms: number) => Promise<void>
  readonly close: () => Promise<void>
}

const SOCKET_LIMITS = {
  maxPayload: 64 * 1024,
  // Frames of a message, and pieces that a frame arrives in: more of them are not sent in earnest (1008).
  maxFragments: 128,
  maxBufferedChunks: 1024,
  // A peer that does not close its side is cut off, in milliseconds.
  closeTimeout: 5000,
}
const GOING_AWAY = 1001
const SERVICE_RESTART = 1012
const DRAIN_STEP_MS = 20
/** Clients that have not closed by then when the server closes are cut off. */
const CLOSE_TIMEOUT_MS = 2000
const REFUSED: Readonly<Record<Refusal, HttpRefusal>> = {
  full: { status: 503, message: 'There are too many live connections.' },
  'address full': { status: 429, message: 'There are too many live connections from your address.' },
}
const NOT_FOUND: HttpRefusal = { status: 404, message: 'There is no WebSocket at this path.' }
const FOREIGN: HttpRefusal = {
  status: 403,
  message: 'Pages of this origin may not connect. If they should, name the origin in ALLOWED_ORIGINS.',
}
const NO_GET: HttpRefusal = { status: 405, message: 'An upgrade to WebSocket is asked for with GET.' }

export function createLiveSockets(options: WebSocketOptions): LiveSockets {
  const { path, allowsOrigin, admission } = options
  const sockets = new WebSocketServer({
    noServer: true,
    ...SOCKET_LIMITS,
    perMessageDeflate: false,
    // Another protocol is agreed to, or else a browser would not tell its page that the answer is 4406.
    handleProtocols: (offered) => handleProtocols(offered) || (offered.values().next().value ?? false),
  })
  sockets.on('wsClientError', ({ message }, socket) => refuseRaw(socket, 400, `${message}.`))
  const keepAlive = new KeepAlive(options.pingIntervalMs)
  const connections = new Set<Connection>()

  function serve(ws: WebSocket, socket: Duplex, request: IncomingMessage): void {
    const place = admission.admit(request)
    const connection = new Connection(ws, socket, place.client, options)
    connections.add(connection)
    const release = keepAlive.add(connection)
    ws.once('close', () => {
      place.release()
      release()
      connections.delete(connection)
    })
  }

  function refusalOf(request: IncomingMessage): HttpRefusal | null {
    const { method, url = '', headers } = request
    if (url.split('?', 1)[0] !== path) return NOT_FOUND
    if (method !== 'GET') return NO_GET
    if (!allowsOrigin(headers)) return FOREIGN
    const refusal = admission.refusalOf(request)
    return refusal === null ? null : REFUSED[refusal]
  }

  return {
    get connections() {
      return connections.size
    },
    upgrade(request, socket, head) {
      try {
        const refused = refusalOf(request)
        if (refused !== null) refuseRaw(socket, refused.status, refused.message)
        else sockets.handleUpgrade(request, socket, head, (ws) => serve(ws, socket, request))
      } catch (error) {
        options.report(error, options.createRequestId())
        socket.destroy()
      }
    },
    async drain(ms) {
      const shuffled = [...connections]
        .map((connection) => ({ connection, at: Math.random() * ms }))
        .toSorted((a, b) => a.at - b.at)
      const startedAt = performance.now()
      for (const { connection, at } of shuffled) {
        while (performance.now() - startedAt < at) await sleep(DRAIN_STEP_MS)
        connection.close(SERVICE_RESTART, 'Service restart')
      }
    },
    async close() {
      keepAlive.close()
      const closing = new Promise((resolve) => sockets.close(resolve))
      for (const connection of connections) connection.close(GOING_AWAY, 'Going away')
      const cutOff = setTimeout(() => {
        for (const connection of connections) connection.terminate()
      }, CLOSE_TIMEOUT_MS)
      await closing
      clearTimeout(cutOff)
    },
  }
}
