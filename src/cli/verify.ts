import { openSession } from '../lib/postgres.ts'
import { forVerifying } from '../operations/connections.ts'
import { verifyDatabase } from '../operations/verify.ts'
import type { Check } from '../operations/verify/check.ts'
import { command } from './command.ts'
import { withDatabase } from './database.ts'
import { startProgress } from './progress.ts'

export default command({
  name: 'verify',
  description:
    'Proves from the database alone that nothing was lost, doubled or oversold. Exits 1 if something was.',
  args: {},
  run: () =>
    withDatabase(async ({ url, config }) => {
      const progress = startProgress('replaying the log', 'events')
      const checks = await verifyDatabase({
        openSession: () => openSession(forVerifying(url)),
        receiptRetentionHours: config.receiptRetentionHours,
        onCheck: print,
        onProgress(done, total) {
          progress.update(Number(done), Number(total))
          if (done >= total) progress.end()
        },
      }).finally(() => progress.end())
      const broken = checks.filter(({ holds }) => !holds).length
      process.stdout.write(
        broken === 0 ? 'All of it holds.\n' : `${broken} of ${checks.length} do not hold.\n`,
      )
      return broken === 0 ? 0 : 1
    }),
})

const print = ({ claim, detail, holds }: Check) =>
  process.stdout.write(`${holds ? '✓' : '✗'} ${claim} ${detail}\n`)
