import type { Slices } from '../lib/slices.ts'
import type { Holding } from '../admission/client-memory.ts'
import type { Frame } from './frame.ts'
import type { Member } from './member.ts'
import type { Render } from './render.ts'
import type { StateSource } from '../graphql/subscriptions/source.ts'
import type { LiveStats } from '../live/stats.ts'

export interface StateGroupOptions {
  readonly name: string
  readonly key: string
  readonly source: StateSource
  readonly render: Render
  readonly stats: LiveStats
  readonly slices: Slices
  /** For the last results. */
  readonly held: Holding
  /** The source has ended, and the group with it. */
  readonly onEnd: () => void
  /** Nothing of the group is kept any more. */
  readonly onClose: () => void
}

/** Members that watch the same states. Whoever joins gets the last frame of each key, and then what everybody gets. */
export class StateGroup {
  readonly name: string
  readonly key: string
  closed = false
  readonly #options: StateGroupOptions
  readonly #values: AsyncGenerator<unknown, void, void>
  readonly #members = new Set<Member>()
  readonly #frames = new Map<string, Frame>()
  /** States whose results are not kept: they came while there was nobody to see them, or there was no room for the result. */
  readonly #unseen = new Map<string, unknown>()

  constructor(options: StateGroupOptions) {
    this.name = options.name
    this.key = options.key
    this.#options = options
    this.#values = options.source.open()
    void this.#run()
  }

  get members(): number {
    return this.#members.size
  }

  /** @throws if a state cannot be rendered */
  join(member: Member): void {
    const unseen = [...this.#unseen.values()]
    this.#members.add(member)
    this.#options.stats.cachedSnapshots += this.#frames.size
    for (const frame of this.#frames.values()) if (!this.#unseen.has(frame.key as string)) member.next(frame)
    for (const value of unseen) member.next(this.#render(value))
  }

  leave(member: Member): void {
    this.#members.delete(member)
  }

  close(): void {
    this.#end()
    void this.#values.return()
  }

  #end(): void {
    if (this.closed) return
    this.closed = true
    this.#options.onClose()
  }

  async #run(): Promise<void> {
    const { slices } = this.#options
    try {
      for await (const value of this.#values) {
        // One change can concern thousands of groups.
        if (slices.isOver) await slices.next()
        this.#take(value)
      }
    } catch (error) {
      this.#end()
      for (const member of this.#members) member.fail(error)
      this.#options.onEnd()
    }
  }

  #take(value: unknown): void {
    if (this.#members.size === 0) {
      this.#unseen.set(this.#options.source.keyOf(value), value)
      return
    }
    const { stats, source } = this.#options
    const key = source.keyOf(value)
    const isChange = this.#frames.has(key) || this.#unseen.has(key)
    const frame = this.#render(value)
    for (const member of this.#members) member.next(frame)
    // The first state of a key is a snapshot, and may be old.
    stats.delivered(this.#members, isChange ? source.recordedAt(value) : null)
  }

  #render(value: unknown): Frame {
    const { render, source } = this.#options
    const key = source.keyOf(value)
    const frame = render(source.resultOf(value), { key, cursor: source.cursorOf(value) })
    this.#keep(key, frame, value)
    return frame
  }

  /** The result for those who join; or the value to make it of again, where there is no room. */
  #keep(key: string, frame: Frame, value: unknown): void {
    const { held } = this.#options
    held.give(bytesOf(this.#frames.get(key)))
    this.#frames.delete(key)
    this.#unseen.delete(key)
    if (held.take(bytesOf(frame))) this.#frames.set(key, frame)
    else this.#unseen.set(key, value)
  }
}

/** What a result takes beside its text. */
const FRAME_BYTES = 300

const bytesOf = (frame: Frame | undefined): number =>
  frame === undefined ? 0 : frame.payload.length + FRAME_BYTES
