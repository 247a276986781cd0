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
    'Plays a shop’s order lines (columns InvoiceNo, StockCode, Quantity) against a running server, then checks every answer and the projections. Exits with 1 on any difference.',
  args: {
    file: { type: 'positional', description: 'CSV, gzipped if it ends in .gz', required: true },
    url: urlOption,
    concurrency: { type: 'string', description: 'number of commands in parallel', default: '32' },
    limit: { type: 'string', description: 'number of lines to play; default: all' },
    stock: {
      type: 'string',
      description: 'initial units of each product; default: half of what the whole file orders',
    },
    prefix: {
      type: 'string',
      description:
        'prefix of every SKU, order id and batch reference, to play a file again on the same database',
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
    if (commands === 0) throw new UsageError(`${file} has no usable lines.`)
    for (const { line, why } of unusable.slice(0, MAX_SHOWN))
      process.stderr.write(`line ${line} is skipped: ${why}\n`)
    if (unusable.length > MAX_SHOWN)
      process.stderr.write(`… and ${unusable.length - MAX_SHOWN} more lines are skipped\n`)

    const progress = startProgress('replay', 'commands')
    const startedAt = performance.now()
    const played = await play(products, {
      call,
      callers,
      onProgress: (done, note) => progress.update(done, commands, note),
    }).finally(() => progress.end())
    const seconds = (performance.now() - startedAt) / 1000
    const rejections = [...played.rejections].map(([code, times]) => `${times} ${code}`).join(', ') || 'none'
    process.stdout.write(
      `${commands} commands in ${seconds.toFixed(1)} s, ${Math.round(commands / seconds)}/s. Rejected: ${rejections}. ` +
        `Already answered: ${played.replayed}. Skipped: ${unusable.length} lines.\n`,
    )

    process.stderr.write('Comparing with the projections …\n')
    const { differences, changedSince } = await checkProjections(played, limit !== undefined, call)
    const wrong = [...played.differences, ...differences]
    if (changedSince.size > 0) {
      process.stdout.write(
        `${changedSince.size} products were not compared, because a longer replay of this file or another client has changed ` +
          'them since. Use --prefix to play the file with new products and orders.\n',
      )
    }
    for (const difference of wrong.slice(0, MAX_SHOWN)) process.stdout.write(`✗ ${difference}\n`)
    if (wrong.length > MAX_SHOWN) process.stdout.write(`… and ${wrong.length - MAX_SHOWN} more\n`)
    process.stdout.write(
      wrong.length === 0
        ? `Every answer and ${products.length - changedSince.size} products with all their order lines are as expected.\n`
        : `${wrong.length} differences.\n`,
    )
    return wrong.length === 0 ? 0 : 1
  },
})
