import { GraphQLScalarType, Kind, print, valueFromASTUntyped } from 'graphql'
import type { ValueNode } from 'graphql'
import { InvalidValue, parseCalendarDate, parseQuantity } from '../domain/values.ts'
import type { Quantity } from '../domain/values.ts'
import { formatToken, parseToken } from '../log/token.ts'
import { badUserInput } from './errors.ts'

export const scalars = {
  Date: scalar('Date', text(parseCalendarDate), String),
  DateTime: scalar('DateTime', text(parseInstant), (value: Date) => value.toISOString()),
  PositiveInt: scalar('PositiveInt', whole(1), Number),
  NonNegativeInt: scalar('NonNegativeInt', whole(0), Number),
  ConsistencyToken: scalar(
    'ConsistencyToken',
    text((value) => (value === 'latest' ? value : parseToken(value))),
    formatToken,
  ),
}

function scalar(
  name: string,
  parse: (value: unknown) => unknown,
  serialize: (value: never) => string | number,
): GraphQLScalarType {
  const parseValue = (value: unknown, node?: ValueNode): unknown => {
    try {
      return parse(value)
    } catch (error) {
      throw error instanceof InvalidValue ? badUserInput(error.message, node) : error
    }
  }
  return new GraphQLScalarType({
    name,
    serialize: (value) => serialize(value as never),
    parseValue: (value) => parseValue(value),
    parseLiteral: (node) => parseValue(literal(node), node),
  })
}

function literal(node: ValueNode): unknown {
  if (node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT)
    return valueFromASTUntyped(node)
  throw badUserInput(`${print(node)} is not a string or a number.`, node)
}

function text<T>(parse: (value: string) => T): (value: unknown) => T {
  return (value) => {
    if (typeof value !== 'string') throw new InvalidValue(`${inWords(value)} is not a string.`)
    return parse(value)
  }
}

function whole(least: 0 | 1): (value: unknown) => Quantity {
  return (value) => {
    if (typeof value !== 'number') throw new InvalidValue(`The quantity ${inWords(value)} is not a number.`)
    return parseQuantity(value, least)
  }
}

/** Lists and objects are abbreviated, because they can nest too deep for `JSON.stringify`. */
function inWords(value: unknown): string {
  if (Array.isArray(value)) return '[…]'
  return typeof value === 'object' && value !== null ? '{…}' : JSON.stringify(value)
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/

function parseInstant(value: string): Date {
  const date = new Date(value)
  if (!INSTANT.test(value) || Number.isNaN(date.getTime())) {
    throw new InvalidValue(`${JSON.stringify(value)} is not a date-time of the form 2026-12-24T18:30:00Z.`)
  }
  return date
}
