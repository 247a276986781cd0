/**
 * The values of the domain as branded types. Each value has one parser, which is called where data enters the system. All
 * other code trusts the brand.
 */

declare const brand: unique symbol
type Brand<T, Name extends string> = T & { readonly [brand]: Name }

export type Sku = Brand<string, 'Sku'>
export type BatchReference = Brand<string, 'BatchReference'>
export type OrderId = Brand<string, 'OrderId'>
export type CommandId = Brand<string, 'CommandId'>

/** Whole units of stock, 0 to `MAX_QUANTITY`. */
export type Quantity = Brand<number, 'Quantity'>

/** A day without a time zone, for example `2026-12-24`. Dates compare as text. */
export type CalendarDate = Brand<string, 'CalendarDate'>

/** The position of an event in its partition's log: 1, 2, 3 … without gaps. */
export type LogPosition = Brand<bigint, 'LogPosition'>

/** The largest GraphQL `Int`. It limits each quantity and the sum of all of a product's batches. */
export const MAX_QUANTITY = 2_147_483_647

export const MAX_ID_CHARACTERS = 255
export const MAX_REASON_CHARACTERS = 500

/** Thrown by every parser in this file. The message may be shown to the sender of the value. */
export class InvalidValue extends Error {
  override readonly name = 'InvalidValue'
}

const CONTROL_CHARACTER = /\p{Cc}/u

function parseText(value: string, what: string, maxCharacters: number): string {
  if (!value.isWellFormed()) throw new InvalidValue(`${what} is not well-formed Unicode.`)
  if (value.length === 0) throw new InvalidValue(`${what} is empty.`)
  // Code units are cheap to count, and there are never fewer of them than characters.
  const characters = value.length <= maxCharacters ? value.length : Array.from(value).length
  if (characters > maxCharacters) {
    throw new InvalidValue(`${what} has ${characters} characters; at most ${maxCharacters} are allowed.`)
  }
  if (CONTROL_CHARACTER.test(value)) {
    throw new InvalidValue(`${what} ${JSON.stringify(value)} contains a control character.`)
  }
  return value
}

export const parseSku = (value: string): Sku => parseText(value, 'The SKU', MAX_ID_CHARACTERS) as Sku

export const parseBatchReference = (value: string): BatchReference =>
  parseText(value, 'The batch reference', MAX_ID_CHARACTERS) as BatchReference

export const parseOrderId = (value: string): OrderId =>
  parseText(value, 'The order id', MAX_ID_CHARACTERS) as OrderId

export const parseCommandId = (value: string): CommandId =>
  parseText(value, 'The command id', MAX_ID_CHARACTERS) as CommandId

export const parseReason = (value: string): string => parseText(value, 'The reason', MAX_REASON_CHARACTERS)

/** @param least the smallest valid quantity: 1 where units are ordered, 0 where none may be left */
export function parseQuantity(value: number, least: 0 | 1): Quantity {
  if (!Number.isInteger(value) || value < least || value > MAX_QUANTITY) {
    throw new InvalidValue(`The quantity ${value} is not a whole number from ${least} to ${MAX_QUANTITY}.`)
  }
  return value as Quantity
}

const CALENDAR_DATE = /^(\d{4})-(\d{2})-(\d{2})$/

export function parseCalendarDate(value: string): CalendarDate {
  const parts = CALENDAR_DATE.exec(value)
  if (parts === null) throw new InvalidValue(`${JSON.stringify(value)} is not a date of the form 2026-12-24.`)
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (year === 0 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) {
    throw new InvalidValue(`${value} is not a day of the calendar.`)
  }
  return value as CalendarDate
}

const LOG_POSITION = /^(0|[1-9]\d{0,18})$/
const MAX_LOG_POSITION = 9_223_372_036_854_775_807n

export function parseLogPosition(value: string): LogPosition {
  if (!LOG_POSITION.test(value) || BigInt(value) > MAX_LOG_POSITION) {
    throw new InvalidValue(`${JSON.stringify(value)} is not a log position.`)
  }
  return BigInt(value) as LogPosition
}
