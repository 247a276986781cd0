/** Relay connections: turns arguments into page requests, and pages into edges with cursors. */
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

/** How a list that is read in pages encodes its cursors. */
export interface List<Keyset extends readonly unknown[]> {
  readonly encode: (keyset: Keyset) => string
  /** Returns null or throws if the text is not a cursor of the list. */
  readonly decode: (cursor: string) => Keyset | null
}

/**
 * @param name distinguishes the list's cursors from those of other lists
 * @param parse returns null or throws if the values of a cursor do not belong to the list
 */
export function listByValues<Keyset extends readonly unknown[]>(
  name: string,
  parse: (values: readonly unknown[]) => Keyset | null,
): List<Keyset> {
  return {
    encode: (values) => Buffer.from(JSON.stringify([name, ...values])).toString('base64url'),
    decode(cursor) {
      const [of, ...values] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
      return of === name ? parse(values) : null
    },
  }
}

/** @throws BAD_USER_INPUT before anything is read */
export function pageRequest<Keyset extends readonly unknown[]>(
  { first, after, last, before }: ConnectionArgs,
  list: List<Keyset>,
): PageRequest<Keyset> {
  if (first != null && last != null) throw badUserInput('Give "first" or "last", not both.')
  const backward = last != null
  const limit = (backward ? last : first) ?? DEFAULT_PAGE
  if (limit < 1 || limit > MAX_PAGE) {
    throw badUserInput(`"${backward ? 'last' : 'first'}" is ${limit}; it must be from 1 to ${MAX_PAGE}.`)
  }
  const start = after == null ? null : decodeCursor(after, 'after', list)
  const end = before == null ? null : decodeCursor(before, 'before', list)
  return backward
    ? { direction: 'backward', limit, beyond: end, until: start }
    : { direction: 'forward', limit, beyond: start, until: end }
}

/** @param keysetOf the values by which the list is sorted, which identify a node's position */
export function connection<Node, Keyset extends readonly unknown[]>(
  { rows, more }: Page<Node>,
  { direction, beyond }: PageRequest<Keyset>,
  list: List<Keyset>,
  keysetOf: (node: Node) => Keyset,
): Connection<Node> {
  const edges = rows.map((node) => ({ cursor: list.encode(keysetOf(node)), node }))
  // The entry that the cursor names lies outside the page, so there is at least one in that direction.
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

function decodeCursor<Keyset extends readonly unknown[]>(
  cursor: string,
  argument: string,
  list: List<Keyset>,
): Keyset {
  let keyset: Keyset | null = null
  try {
    keyset = list.decode(cursor)
  } catch {
    // Not a cursor: reported below.
  }
  if (keyset === null) throw badUserInput(`"${argument}" is not a cursor of this list.`)
  return keyset
}
