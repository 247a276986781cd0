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
  /** Memory for the last results. */
  readonly held: Holding
  /** Called when the source has failed, which ends the group. */
  readonly onEnd: () => void
  /** Called when the group releases all its memory. */
  readonly onClose: () => void
}

/** Members that watch the same states. A new member gets the last frame of each key, then the same frames as all others. */
export class StateGroup {
  readonly name: string
  readonly key: string
  closed = false
  readonly #options: StateGroupOptions
  readonly #values: AsyncGenerator<unknown, void, void>
  readonly #members = new Set<Member>()
  readonly #frames = new Map<string, Frame>()
  /** States without a kept result: they arrived while the group had no members, or there was no memory for the result. */
  readonly #unrendered = new Map<string, unknown>()

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
    const unrendered = [...this.#unrendered.values()]
    this.#members.add(member)
    this.#options.stats.cachedSnapshots += this.#frames.size
    for (const frame of this.#frames.values())
      if (!this.#unrendered.has(frame.key as string)) member.next(frame)
    for (const value of unrendered) member.next(this.#render(value))
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
        // One change can affect thousands of groups.
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
      this.#unrendered.set(this.#options.source.keyOf(value), value)
      return
    }
    const { stats, source } = this.#options
    const key = source.keyOf(value)
    const isChange = this.#frames.has(key) || this.#unrendered.has(key)
    const frame = this.#render(value)
    for (const member of this.#members) member.next(frame)
    // The first state of a key is a snapshot, whose change may be old.
    stats.delivered(this.#members, isChange ? source.recordedAt(value) : null)
  }

  #render(value: unknown): Frame {
    const { render, source } = this.#options
    const key = source.keyOf(value)
    const frame = render(source.resultOf(value), { key, cursor: source.cursorOf(value) })
    this.#keep(key, frame, value)
    return frame
  }

  /** Keeps the result for new members; if there is no memory for it, keeps the value to render again. */
  #keep(key: string, frame: Frame, value: unknown): void {
    const { held } = this.#options
    held.give(bytesOf(this.#frames.get(key)))
    this.#frames.delete(key)
    this.#unrendered.delete(key)
    if (held.take(bytesOf(frame))) this.#frames.set(key, frame)
    else this.#unrendered.set(key, value)
  }
}

/** Estimated memory per result beside its text. */
const FRAME_BYTES = 300

const bytesOf = (frame: Frame | undefined): number =>
  frame === undefined ? 0 : frame.payload.length + FRAME_BYTES
