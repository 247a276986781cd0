/**
 * A minimal HTTP client: one keep-alive connection, one request at a time, answers with a content-length or without a body. A full
 * client would use more CPU per request than the server.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { deferred } from '../../../src/lib/deferred.ts'
import type { Deferred } from '../../../src/lib/deferred.ts'

const CONTENT_LENGTH = /\r\ncontent-length: (\d+)\r\n/i

const STATUS_AT = 'HTTP/1.1 '.length

export interface HttpAnswer {
  readonly status: number
  /** The status line and the headers of the answer. */
  readonly head: string
  readonly body: string
}

export class HttpConnection {
  readonly #place: { readonly host: string; readonly port: number }
  #socket: Socket
  readonly #host: string
  readonly #head: string
  #received = ''
  #answer: Deferred<HttpAnswer> | null = null

  constructor(url: string) {
    const { hostname, port, host, pathname } = new URL(url)
    this.#host = host
    this.#head = `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: `
    this.#place = { host: hostname, port: Number(port) }
    this.#socket = this.#connect()
  }

  #connect(): Socket {
    const socket = connect({ ...this.#place, noDelay: true })
    socket.setEncoding('latin1')
    socket.on('data', (data) => this.#take(String(data)))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => {
      if (socket === this.#socket) this.#fail(new Error('The server closed the connection.'))
    })
    return socket
  }

  #fail(error: Error): void {
    const answer = this.#answer
    this.#received = ''
    this.#answer = null
    answer?.reject(error)
  }

  /**
   * @param body ASCII
   * @returns the answer's body, as latin1
   * @throws Error unless the status is 200
   */
  async post(body: string): Promise<string> {
    const answer = await this.#send(`${this.#head}${body.length}\r\n\r\n${body}`)
    if (answer.status !== 200) throw new Error(`${answer.head}\r\n${answer.body}`)
    return answer.body
  }

  /**
   * @param path with its search; ASCII
   * @param headers lines that end with CR LF
   */
  get(path: string, headers = ''): Promise<HttpAnswer> {
    return this.#send(`GET ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n${headers}\r\n`)
  }

  close(): void {
    this.#socket.destroy()
  }

  #send(request: string): Promise<HttpAnswer> {
    if (this.#answer !== null) throw new Error('This connection still waits for an answer.')
    // The server has closed the connection because it was idle for too long.
    if (this.#socket.destroyed) this.#socket = this.#connect()
    this.#answer = deferred()
    this.#socket.write(request, 'latin1')
    return this.#answer.promise
  }

  #take(data: string): void {
    this.#received += data
    const headEnd = this.#received.indexOf('\r\n\r\n')
    if (headEnd === -1) return
    const head = this.#received.slice(0, headEnd + 2)
    const bodyEnd = headEnd + 4 + Number(CONTENT_LENGTH.exec(head)?.[1] ?? 0)
    if (this.#received.length < bodyEnd) return
    const body = this.#received.slice(headEnd + 4, bodyEnd)
    const answer = this.#answer
    this.#received = this.#received.slice(bodyEnd)
    this.#answer = null
    answer?.resolve({ status: Number(head.slice(STATUS_AT, STATUS_AT + 3)), head, body })
  }
}
