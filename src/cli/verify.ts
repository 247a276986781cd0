import { verifyDatabase } from '../operations/verify.ts'
import { command } from './command.ts'
import { withSession } from './database.ts'
import { startProgress } from './progress.ts'
import type { Progress } from './progress.ts'

export default command({
  name: 'verify',
  description:
    'Proves from the database alone that nothing was lost, doubled or oversold. Exits 1 if something was.',
  args: {},
  run: () =>
    withSession(async (session) => {
      const work: { what: string; progress: Progress | null } = { what: '', progress: null }
      const endProgress = () => {
        work.progress?.end()
        work.progress = null
      }
      const checks = await verifyDatabase({
        session,
        onCheck({ claim, detail, holds }) {
          endProgress()
          process.stdout.write(`${holds ? '✓' : '✗'} ${claim} ${detail}\n`)
        },
        onProgress(what, done, total) {
          if (what !== work.what) endProgress()
          work.what = what
          work.progress ??= startProgress(what, 'events')
          work.progress.update(Number(done), Number(total))
        },
      }).finally(endProgress)
      const broken = checks.filter(({ holds }) => !holds).length
      process.stdout.write(
        broken === 0 ? 'All of it holds.\n' : `${broken} of ${checks.length} do not hold.\n`,
      )
      return broken === 0 ? 0 : 1
    }),
})
