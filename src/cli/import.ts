import { groupBy } from '../lib/group-by.ts'
import { RequestFailed, createCaller, inParallel, serverUrl, urlOption } from './caller.ts'
import { command, parseCount } from './command.ts'
import { readCsv } from './csv-file.ts'
import type { CsvRow } from './csv-file.ts'
import { startProgress } from './progress.ts'

const CREATE_BATCH = `mutation ($input: CreateBatchInput!) {
  createBatch(input: $input) { replayed userErrors { code message } }
}`

interface CreateBatchAnswer {
  readonly createBatch: {
    readonly replayed: boolean
    readonly userErrors: readonly { readonly code: string; readonly message: string }[]
  }
}

export default command({
  name: 'import',
  description:
    'Creates batches from a CSV file with the columns reference, sku, quantity and, optionally, eta (empty: in the warehouse).',
  args: {
    file: { type: 'positional', description: 'CSV, gzipped if it ends in .gz', required: true },
    url: urlOption,
    concurrency: { type: 'string', description: 'number of commands in parallel', default: '16' },
  },
  async run({ file, url, concurrency }) {
    const callers = parseCount(concurrency, 'concurrency')
    const call = createCaller(serverUrl(url))
    const { fingerprint, rows } = await readCsv(file, ['reference', 'sku', 'quantity'])
    const progress = startProgress('import', 'batches')
    const failures: { line: number; code: string; why: string }[] = []
    const done = { created: 0, before: 0 }
    let next = 0

    async function create(row: CsvRow): Promise<void> {
      const { line } = row
      try {
        const input = { ...batchOf(row), commandId: `import ${fingerprint} ${line}` }
        const { createBatch } = await call<CreateBatchAnswer>(CREATE_BATCH, { input })
        const [rejection] = createBatch.userErrors
        if (rejection !== undefined) failures.push({ line, code: rejection.code, why: rejection.message })
        else if (createBatch.replayed) done.before += 1
        else done.created += 1
      } catch (error) {
        if (!(error instanceof RequestFailed)) throw error
        failures.push({ line, code: error.code, why: error.message })
      }
      progress.update(done.created + done.before + failures.length, rows.length)
    }

    await inParallel(callers, () => {
      const row = rows[next]
      next += 1
      return row && (() => create(row))
    }).finally(() => progress.end())

    for (const { line, why } of failures.toSorted((a, b) => a.line - b.line)) {
      process.stderr.write(`line ${line}: ${why}\n`)
    }
    const codes = [...groupBy(failures, ({ code }) => code)].map(([code, { length }]) => `${length} ${code}`)
    process.stdout.write(
      `${done.created} batches created, ${done.before} already existed, ${failures.length} rejected` +
        `${codes.length > 0 ? `: ${codes.join(', ')}` : ''}.\n`,
    )
    return failures.length > 0 ? 1 : 0
  },
})

/**
 * Passes the values on as they are; the server reports what is wrong with them.
 *
 * @throws RequestFailed if the row is ragged, because its fields cannot be assigned to columns
 */
function batchOf({ values: { reference, sku, quantity, eta = '' }, ragged }: CsvRow) {
  if (ragged) {
    throw new RequestFailed(
      'BAD_USER_INPUT',
      'The number of fields differs from the number of columns in the first line.',
    )
  }
  const units = Number(quantity)
  return {
    reference,
    sku,
    quantity: quantity === '' || Number.isNaN(units) ? quantity : units,
    eta: eta === '' ? null : eta,
  }
}
