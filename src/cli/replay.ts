import { createCaller, serverUrl, urlOption } from './caller.ts'
import { UsageError, command, parseCount } from './command.ts'
import { readCsv } from './csv-file.ts'
import { startProgress } from './progress.ts'
import { checkProjections } from './replay/check.ts'
import { planReplay } from './replay/plan.ts'
import { play } from './replay/play.ts'

const MAX_SHOWN = 20

export default command({
  name: 'replay',
  description:
    'Plays a shop’s order lines (columns InvoiceNo, StockCode, Quantity) against a running server, and checks every answer and what the projections say in the end. Exits 1 on any difference.',
  args: {
    file: { type: 'positional', description: 'CSV, gzipped if it ends in .gz', required: true },
    url: urlOption,
    concurrency: { type: 'string', description: 'commands at a time', default: '32' },
    limit: { type: 'string', description: 'how many lines of the file; without it, all' },
    stock: {
      type: 'string',
      description: 'units of each product to begin with; without it, half of what the whole file orders',
    },
    prefix: {
      type: 'string',
      description:
        'before every SKU, order id and batch reference, to play a file once more on the same database',
      default: '',
    },
  },
  async run({ file, url, concurrency, limit, stock, prefix }) {
    const callers = parseCount(concurrency, 'concurrency')
    const call = createCaller(serverUrl(url))
    const { fingerprint, rows } = await readCsv(file, ['InvoiceNo', 'StockCode', 'Quantity'])
    const { products, commands, unusable } = planReplay(rows, {
      prefix,
      limit: limit === undefined ? rows.length : parseCount(limit, 'limit'),
      stock: stock === undefined ? null : parseCount(stock, 'stock'),
      run: `${prefix}${fingerprint}`,
    })
    if (commands === 0) throw new UsageError(`${file} has nothing to play.`)
    for (const { line, why } of unusable.slice(0, MAX_SHOWN))
      process.stderr.write(`line ${line} is left out: ${why}\n`)
    if (unusable.length > MAX_SHOWN)
      process.stderr.write(`… and ${unusable.length - MAX_SHOWN} more lines are left out\n`)

    const progress = startProgress('replay', 'commands')
    const startedAt = performance.now()
    const played = await play(products, {
      call,
      callers,
      onProgress: (done, note) => progress.update(done, commands, note),
    }).finally(() => progress.end())
    const seconds = (performance.now() - startedAt) / 1000
    const refusals = [...played.refusals].map(([code, times]) => `${times} ${code}`).join(', ') || 'none'
    process.stdout.write(
      `${commands} commands in ${seconds.toFixed(1)} s, ${Math.round(commands / seconds)}/s. Refused: ${refusals}. ` +
        `Answered before: ${played.replayed}. Left out: ${unusable.length} lines.\n`,
    )

    process.stderr.write('Comparing with the projections …\n')
    const { differences, changedSince } = await checkProjections(played, limit !== undefined, call)
    const wrong = [...played.differences, ...differences]
    if (changedSince.size > 0) {
      process.stdout.write(
        `Not compared, because a longer replay of this file or somebody else has changed them since: ${changedSince.size} of ` +
          'the products. With --prefix the file is played anew, beside what is there.\n',
      )
    }
    for (const difference of wrong.slice(0, MAX_SHOWN)) process.stdout.write(`✗ ${difference}\n`)
    if (wrong.length > MAX_SHOWN) process.stdout.write(`… and ${wrong.length - MAX_SHOWN} more\n`)
    process.stdout.write(
      wrong.length === 0
        ? `Every answer and ${products.length - changedSince.size} products with all their order lines are as they should be.\n`
        : `${wrong.length} differences.\n`,
    )
    return wrong.length === 0 ? 0 : 1
  },
})
