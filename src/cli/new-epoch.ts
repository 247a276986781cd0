import { readInstallation, renewEpoch } from '../operations/installation.ts'
import { command } from './command.ts'
import { withSession } from './database.ts'

export default command({
  name: 'new-epoch',
  description:
    'Begins a new epoch of the log. Run it after you restored the database from a backup, so that clients which saw what was lost start anew.',
  args: {},
  run: () =>
    withSession(async ({ db }, { url, description }) => {
      const { epoch: before } = await readInstallation(url)
      const epoch = await renewEpoch(db, before)
      process.stdout.write(
        `${description} is at epoch ${epoch} now; ${before} has ended, and with it all tokens and cursors.\n`,
      )
    }),
})
