/** A WebSocket client that writes and reads the protocol's bytes, so that it can break the rules. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { until } from './until.ts'

export interface UpgradeOptions {
  readonly path?: string
  /** Null offers no protocol. */
  readonly protocol?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

export interface FrameOptions {
  readonly opcode?: number
  readonly final?: boolean
  readonly masked?: boolean
}

const TEXT = 1
const CLOSE = 8

export class RawSocket {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  gone = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (data: Buffer) => (this.#received = Buffer.concat([this.#received, data])))
    socket.on('error', () => {})
    socket.on('close', () => (this.gone = true))
  }

  /** Asks for the upgrade; `status` has the result. */
  static async open(url: string, options: UpgradeOptions = {}): Promise<RawSocket> {
    const { path = '/graphql', protocol = 'graphql-transport-ws', headers = {} } = options
    const { hostname, port, host } = new URL(url)
    const socket = connect(Number(port), hostname)
    const raw = new RawSocket(socket)
    await once(socket, 'connect')
    const all = {
      host,
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...(protocol !== null && { 'sec-websocket-protocol': protocol }),
      ...headers,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    await until(() => raw.#received.includes('\r\n\r\n'))
    return raw
  }

  /** Opens a connection that may subscribe. */
  static async ready(url: string): Promise<RawSocket> {
    const raw = await RawSocket.open(url)
    raw.send('{"type":"connection_init"}')
    await until(() => raw.texts().length > 0)
    return raw
  }

  /** The HTTP status of the upgrade; 101 if it was granted. */
  get status(): number {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.#received.toString('latin1'))?.[1])
  }

  send(payload: string | Buffer, options: FrameOptions = {}): void {
    this.socket.write(frame(Buffer.from(payload), options))
  }

  /** All text messages so far. */
  texts(): string[] {
    return this.#frames().flatMap(({ opcode, payload }) => (opcode === TEXT ? [payload.toString()] : []))
  }

  /** The close code of the server; undefined while the connection is open. */
  get closeCode(): number | undefined {
    return this.#frames()
      .find(({ opcode }) => opcode === CLOSE)
      ?.payload.readUInt16BE(0)
  }

  #frames(): { opcode: number; payload: Buffer }[] {
    const frames: { opcode: number; payload: Buffer }[] = []
    const bytes = this.#received.subarray(this.#received.indexOf('\r\n\r\n') + 4)
    for (let at = 0; at + 2 <= bytes.length;) {
      const opcode = bytes.readUInt8(at) & 15
      const short = bytes.readUInt8(at + 1)
      const head = short < 126 ? 2 : short === 126 ? 4 : 10
      if (at + head > bytes.length) break
      const length =
        short < 126
          ? short
          : short === 126
            ? bytes.readUInt16BE(at + 2)
            : Number(bytes.readBigUInt64BE(at + 2))
      if (at + head + length > bytes.length) break
      frames.push({ opcode, payload: bytes.subarray(at + head, at + head + length) })
      at += head + length
    }
    return frames
  }
}

/** A frame with a mask of zeros, which does not change the payload. */
export function frame(
  payload: Buffer,
  { opcode = TEXT, final = true, masked = true }: FrameOptions = {},
): Buffer {
  const bit = masked ? 128 : 0
  const head =
    payload.length < 126
      ? Buffer.from([0, bit | payload.length])
      : Buffer.from([0, bit | 127, 0, 0, 0, 0, 0, 0, 0, 0])
  if (payload.length >= 126) head.writeBigUInt64BE(BigInt(payload.length), 2)
  head[0] = (final ? 128 : 0) | opcode
  return Buffer.concat([head, Buffer.alloc(masked ? 4 : 0), payload])
}

/** A message of graphql-transport-ws. */
export const messageFrame = (body: object): Buffer => frame(Buffer.from(JSON.stringify(body)))

export const subscribeFrame = (id: string, query: string): Buffer =>
  messageFrame({ id, type: 'subscribe', payload: { query } })
