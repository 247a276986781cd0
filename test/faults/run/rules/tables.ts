/** Compares all tables that follow from the log with a fold of the log. */
import { isDeepStrictEqual } from 'node:util'
import { violation } from '../violation.ts'
import type { Violation } from '../violation.ts'
import type { Evidence, Row, Rule } from './evidence.ts'

/** @returns a violation per row that is wrong, missing or extra */
function compare(table: string, expected: ReadonlyMap<string, object>, found: ReadonlyMap<string, object>) {
  const violations: Violation[] = []
  const differ = (key: string, says: unknown, shows: unknown) =>
    violations.push(
      violation(
        `table ${table} matches the log`,
        `${key}: the log says ${JSON.stringify(says)}, the table ${JSON.stringify(shows)}`,
      ),
    )
  for (const [key, row] of expected)
    if (!isDeepStrictEqual(row, found.get(key))) differ(key, row, found.get(key))
  for (const [key, row] of found) if (!expected.has(key)) differ(key, undefined, row)
  return violations
}

const byKey = (rows: readonly Row[], key: (row: Row) => string, value: (row: Row) => object) =>
  new Map(rows.map((row) => [key(row), value(row)]))

const day = (value: Date | string | null): string | null =>
  value instanceof Date ? value.toISOString().slice(0, 10) : value

const availability: Rule = ({ model, tables }) => {
  const expected = new Map(
    [...model.states].map(([sku, states]) => {
      const { availableToPromise: _, ...state } = [...states.values()].at(-1) as NonNullable<
        ReturnType<typeof states.get>
      >
      return [sku, { ...state, partition: model.products.get(sku)?.partition }]
    }),
  )
  const found = byKey(
    tables.availability,
    (row) => row['sku'],
    (row) => ({
      sku: row['sku'],
      version: row['position'],
      status: row['status'],
      onHand: row['on_hand'],
      allocated: row['allocated'],
      available: row['available'],
      incoming: row['incoming'],
      partition: row['partition'],
    }),
  )
  return compare('views.availability', expected, found)
}

function batchesOf({ model }: Evidence): Map<string, object> {
  return new Map(
    [...model.products.values()].flatMap(({ sku, partition, batches }) =>
      batches.map(({ reference, eta, quantity, allocated, version }) => [
        reference,
        { sku, partition, eta, quantity, allocated, version: String(version) },
      ]),
    ),
  )
}

const batchTables: Rule = (evidence) => {
  const { batches, batchesView } = evidence.tables
  const common = (row: Row) => ({ sku: row['sku'], partition: row['partition'], eta: day(row['eta']) })
  const reference = (row: Row) => row['reference'] as string
  const stock = byKey(batches, reference, (row) => ({
    ...common(row),
    quantity: row['quantity'],
    allocated: row['allocated'],
    version: row['version'],
  }))
  const view = byKey(batchesView, reference, (row) => ({
    ...common(row),
    quantity: row['purchased'],
    allocated: row['allocated'],
    version: row['position'],
  }))
  const expected = batchesOf(evidence)
  return [...compare('stock.batches', expected, stock), ...compare('views.batches', expected, view)]
}

const lineTable: Rule = ({ model, tables }) => {
  const expected = new Map<string, object>()
  for (const { sku, partition, lines } of model.products.values())
    for (const { orderId, quantity, batch, placed } of lines.values())
      expected.set(`${orderId} ${sku}`, {
        partition,
        quantity,
        batch: batch?.reference ?? null,
        placed: String(placed),
      })
  const found = byKey(
    tables.allocations,
    (row) => `${row['order_id']} ${row['sku']}`,
    (row) => ({
      partition: row['partition'],
      quantity: row['quantity'],
      batch: row['batch_reference'],
      placed: row['placed'],
    }),
  )
  return compare('stock.allocations', expected, found)
}

const orderTable: Rule = ({ model, tables }) => {
  const expected = new Map<string, object>()
  for (const [orderId, partitions] of model.orders)
    for (const [partition, moments] of partitions) {
      const last = moments.at(-1)
      if (last !== undefined)
        expected.set(`${orderId} in ${partition}`, { position: String(last.position), lines: last.lines })
    }
  const found = byKey(
    tables.orders,
    (row) => `${row['order_id']} in ${row['partition']}`,
    (row) => ({ position: row['position'], lines: row['lines'] }),
  )
  return compare('views.orders', expected, found)
}

const movementTable: Rule = ({ model, tables }) => {
  const expected = new Map<string, object>()
  for (const [partition, movements] of model.movements)
    for (const movement of movements) expected.set(`${partition}:${movement.position}`, movement)
  const found = byKey(
    tables.movements,
    (row) => `${row['partition']}:${row['position']}`,
    (row) => ({
      position: row['position'],
      sku: row['sku'],
      type: row['type'],
      quantity: row['quantity'],
      batchReference: row['batch_reference'],
      orderId: row['order_id'],
      reason: row['reason'],
      reference: row['reference'],
      availableBefore: row['available_before'],
      availableAfter: row['available_after'],
      recordedAt: (row['recorded_at'] as Date).toISOString(),
    }),
  )
  return compare('views.movements', expected, found)
}

export const tablesAreWhatTheLogSays: Rule = (evidence) =>
  [availability, batchTables, lineTable, orderTable, movementTable].flatMap((rule) => rule(evidence))

const BROKEN = /^✗.*$/m

/** Checks runs during the round, too. A run that lost its connection proves nothing. */
export const operatorsFindNothing: Rule = ({ history, verified }) => {
  const red = history.operators.filter(({ output }) => BROKEN.test(output) || output.includes('They differ'))
  const violations = red.map(({ command, at, output }) =>
    violation('verify and rebuild find nothing wrong', `onhand ${command} at ${at} s:\n${output}`, at),
  )
  if (verified.code !== 0)
    violations.push(violation('onhand verify passes at the end', verified.output, verified.at))
  return violations
}
