import { readInstallation, renewEpoch } from '../operations/installation.ts'
import { command } from './command.ts'
import { withSession } from './database.ts'

export default command({
  name: 'new-epoch',
  description:
    'Begins a new epoch of the log. Run it after you restored the database from a backup: clients then discard what they have seen and start again.',
  args: {},
  run: () =>
    withSession(async ({ db }, { url, description }) => {
      const { epoch: before } = await readInstallation(url)
      const epoch = await renewEpoch(db, before)
      process.stdout.write(
        `${description} is now at epoch ${epoch}. All tokens and cursors of epoch ${before} are invalid.\n`,
      )
    }),
})
