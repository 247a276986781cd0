/** Relay connections: arguments into page requests, pages into edges with cursors. */
import type { Page, PageRequest } from '../projection/page.ts'
import { badUserInput } from './errors.ts'

export interface ConnectionArgs {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  readonly last?: number | null | undefined
  readonly before?: string | null | undefined
}

export interface Connection<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[]
  readonly nodes: readonly Node[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

export const DEFAULT_PAGE = 20
export const MAX_PAGE = 100

/** A list that is read page by page. */
export interface List<Place extends readonly unknown[]> {
  readonly encode: (place: Place) => string
  /** What a cursor of the list says; null, or an error, if it is none. */
  readonly decode: (cursor: string) => Place | null
}

/**
 * @param name tells the list's cursors from those of other lists
 * @param place what the values in a cursor say; null, or an error, if they are none of the list
 */
export function listByValues<Place extends readonly unknown[]>(
  name: string,
  place: (values: readonly unknown[]) => Place | null,
): List<Place> {
  return {
    encode: (values) => Buffer.from(JSON.stringify([name, ...values])).toString('base64url'),
    decode(cursor) {
      const [of, ...values] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
      return of === name ? place(values) : null
    },
  }
}

/** @throws BAD_USER_INPUT before anything is read */
export function pageRequest<Place extends readonly unknown[]>(
  { first, after, last, before }: ConnectionArgs,
  list: List<Place>,
): PageRequest<Place> {
  if (first != null && last != null) throw badUserInput('Give "first" or "last", not both.')
  const backward = last != null
  const limit = (backward ? last : first) ?? DEFAULT_PAGE
  if (limit < 1 || limit > MAX_PAGE) {
    throw badUserInput(`"${backward ? 'last' : 'first'}" is ${limit}; it can be 1 to ${MAX_PAGE}.`)
  }
  const start = after == null ? null : decodeCursor(after, 'after', list)
  const end = before == null ? null : decodeCursor(before, 'before', list)
  return backward
    ? { direction: 'backward', limit, beyond: end, until: start }
    : { direction: 'forward', limit, beyond: start, until: end }
}

/** @param placeOf what a cursor says of where a node stands */
export function connection<Node, Place extends readonly unknown[]>(
  { rows, more }: Page<Node>,
  { direction, beyond }: PageRequest<Place>,
  list: List<Place>,
  placeOf: (node: Node) => Place,
): Connection<Node> {
  const edges = rows.map((node) => ({ cursor: list.encode(placeOf(node)), node }))
  // What a cursor was given for lies before the page, or it would have had no cursor.
  const passed = beyond !== null
  return {
    edges,
    nodes: rows,
    pageInfo: {
      hasNextPage: direction === 'forward' ? more : passed,
      hasPreviousPage: direction === 'forward' ? passed : more,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

function decodeCursor<Place extends readonly unknown[]>(
  cursor: string,
  argument: string,
  list: List<Place>,
): Place {
  let place: Place | null = null
  try {
    place = list.decode(cursor)
  } catch {
    // Not a place: not a cursor.
  }
  if (place === null) throw badUserInput(`"${argument}" is not a cursor of this list.`)
  return place
}
