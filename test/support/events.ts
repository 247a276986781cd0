/** Events that tests write by hand, and arbitrary events. */
import fc from 'fast-check'
import { eventKinds } from '../../src/domain/events.ts'
import type { Event, RecordedEvent } from '../../src/domain/events.ts'
import type { FieldType } from '../../src/domain/events/event-kind.ts'
import type { CalendarDate, CommandId } from '../../src/domain/values.ts'
import type { LogPosition, Quantity } from '../../src/domain/values.ts'
import type { LogPoint, LogTag } from '../../src/log/point.ts'
import type { LoggedEvent } from '../../src/log/read.ts'
import type { Epoch } from '../../src/log/token.ts'

type Plain<T> = T extends bigint ? bigint : T extends string ? string : T extends number ? number : T

/** An event without brands: names are plain strings, positions plain bigints. */
export type PlainEvent = Event extends infer E
  ? E extends Event
    ? { readonly [Field in keyof E]: Field extends 'type' | 'cause' ? E[Field] : Plain<E[Field]> }
    : never
  : never

export const event = (plain: PlainEvent): Event => plain as Event

export const recorded = (position: number | bigint, plain: PlainEvent): RecordedEvent => ({
  position: BigInt(position) as LogPosition,
  recordedAt: new Date(Date.UTC(2026, 0, 1) + Number(position)),
  commandId: `command-${position}` as CommandId,
  event: event(plain),
})

/** The epoch of logs that a test made up. */
export const EPOCH = 'e1' as Epoch

/** The point after a commit that a test made up. */
export const point = (position: number | bigint): LogPoint => ({
  position: BigInt(position) as LogPosition,
  tag: BigInt(position) as LogTag,
})

/** Events as stored in the log, with each event in its own commit. */
export const logged = (events: readonly RecordedEvent[]): LoggedEvent[] =>
  events.map((recorded) => ({ ...recorded, tag: point(recorded.position).tag }))

/** Any valid id, which has no control characters. */
const id = <T extends string>() =>
  fc
    .oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
      fc.constantFrom('"', "'", '\\', '{}', 'null', '%,'),
    )
    .map((text) => text.replaceAll(/\p{Cc}/gu, '·') as T)
const units = fc.integer({ min: 0, max: 2_147_483_647 }).map((number) => number as Quantity)
const position = fc.bigInt({ min: 1n, max: 9_223_372_036_854_775_807n }).map((at) => at as LogPosition)
const date = fc.constantFrom(null, '2026-06-01' as CalendarDate, '9999-12-31' as CalendarDate)

/** Arbitrary values of a field. */
function valuesOf(field: FieldType): fc.Arbitrary<unknown> {
  if (typeof field === 'object') return fc.constantFrom(...field)
  const types = { id: id(), quantity: units, position, date, text: fc.option(id<string>()) }
  return types[field]
}

const arbitraries = Object.entries(eventKinds).map(([type, { fields }]) =>
  fc.record({
    type: fc.constant(type),
    ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, valuesOf(field)])),
  }),
)

/** Any event of any kind. */
export const anyEvent = fc.oneof(...arbitraries) as unknown as fc.Arbitrary<Event>
