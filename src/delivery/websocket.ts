/**
 * Live operations over WebSocket, in the graphql-transport-ws protocol. The `ws` library handles the handshake and incoming frames.
 * Results bypass it: they are written to the socket of the upgrade as bytes that all members of a group share, followed by the
 * operation's id. This is safe because `ws` without compression writes each message to the same socket at once.
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
  /** Disconnects clients so that they reconnect elsewhere, in random order over this time. */
  readonly drain: (ms: number) => Promise<void>
  readonly close: () => Promise<void>
}

const SOCKET_LIMITS = {
  maxPayload: 64 * 1024,
  // Frames per message, and chunks per frame. Honest clients stay far below; others are disconnected with 1008.
  maxFragments: 128,
  maxBufferedChunks: 1024,
  // In milliseconds; a peer that has not closed its side by then is disconnected.
  closeTimeout: 5000,
}
const GOING_AWAY = 1001
const SERVICE_RESTART = 1012
const DRAIN_STEP_MS = 20
/** When the server closes, clients that have not closed by then are disconnected. */
const CLOSE_TIMEOUT_MS = 2000
const REFUSED: Readonly<Record<Refusal, HttpRefusal>> = {
  full: { status: 503, message: 'There are too many live connections.' },
  'address full': { status: 429, message: 'There are too many live connections from your address.' },
}
const NOT_FOUND: HttpRefusal = { status: 404, message: 'There is no WebSocket at this path.' }
const FOREIGN_ORIGIN: HttpRefusal = {
  status: 403,
  message: 'Pages of this origin may not connect. To allow them, add the origin to ALLOWED_ORIGINS.',
}
const NOT_GET: HttpRefusal = { status: 405, message: 'A WebSocket upgrade must be a GET request.' }

export function createLiveSockets(options: WebSocketOptions): LiveSockets {
  const { path, allowsOrigin, admission } = options
  const sockets = new WebSocketServer({
    noServer: true,
    ...SOCKET_LIMITS,
    perMessageDeflate: false,
    // Accept any other subprotocol first: only then does a browser show its page the close code 4406.
    handleProtocols: (offered) => handleProtocols(offered) || (offered.values().next().value ?? false),
  })
  sockets.on('wsClientError', ({ message }, socket) => refuseRaw(socket, 400, `${message}.`))
  const keepAlive = new KeepAlive(options.pingIntervalMs)
  const connections = new Set<Connection>()

  function serve(ws: WebSocket, socket: Duplex, request: IncomingMessage): void {
    const admitted = admission.admit(request)
    const connection = new Connection(ws, socket, admitted.client, options)
    connections.add(connection)
    const release = keepAlive.add(connection)
    ws.once('close', () => {
      admitted.release()
      release()
      connections.delete(connection)
    })
  }

  function refusalOf(request: IncomingMessage): HttpRefusal | null {
    const { method, url = '', headers } = request
    if (url.split('?', 1)[0] !== path) return NOT_FOUND
    if (method !== 'GET') return NOT_GET
    if (!allowsOrigin(headers)) return FOREIGN_ORIGIN
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
