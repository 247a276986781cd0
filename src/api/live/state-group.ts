import type { Slices } from '../../lib/slices.ts'
import type { Frame } from './frame.ts'
import type { Member } from './member.ts'
import type { Render } from './render.ts'
import type { StateSource } from './source.ts'
import type { LiveStats } from '../../live/stats.ts'

export interface StateGroupOptions {
  readonly name: string
  readonly key: string
  readonly source: StateSource
  readonly render: Render
  readonly stats: LiveStats
  readonly slices: Slices
  /** The source has ended, and the group with it. */
  readonly onEnd: () => void
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
  /** States that came while there was nobody to see them. */
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
    for (const value of this.#unseen.values()) this.#render(value)
    this.#unseen.clear()
    this.#members.add(member)
    this.#options.stats.cachedSnapshots += this.#frames.size
    for (const frame of this.#frames.values()) member.next(frame)
  }

  leave(member: Member): void {
    this.#members.delete(member)
  }

  close(): void {
    this.closed = true
    void this.#values.return()
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
      this.closed = true
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
    const isChange = this.#frames.has(source.keyOf(value))
    const frame = this.#render(value)
    for (const member of this.#members) member.next(frame)
    // The first state of a key is a snapshot, and may be old.
    stats.delivered(this.#members, isChange ? source.recordedAt(value) : null)
  }

  #render(value: unknown): Frame {
    const { render, source } = this.#options
    const key = source.keyOf(value)
    const frame = render(source.resultOf(value), { key, cursor: source.cursorOf(value) })
    this.#frames.set(key, frame)
    return frame
  }
}
