import { CheckpointPoll } from '../live/checkpoint-poll.ts'
import { Hub } from '../live/hub.ts'
import { LogHistory } from '../live/log-history.ts'
import type { Looked } from '../live/log-history.ts'
import { createTransport } from '../live/redis-transport.ts'
import type { Transport } from '../live/redis-transport.ts'
import { createHistoryRead } from '../log/history-read.ts'
import type { LogTail } from '../log/tail.ts'
import { renewEpoch } from '../operations/installation.ts'
import { registerHub } from '../operations/metrics/live.ts'
import type { Change } from '../projector/projector.ts'
import type { Projectors } from '../projector/projectors.ts'
import type { Commands } from './commands.ts'
import type { ReadSide } from './read-side.ts'
import type { Redis } from './redis.ts'
import type { Shared } from './shared.ts'
import { onLog } from '../projector/progress.ts'

/** The parts that follow changes of the projections. */
export interface Live {
  readonly hub: Hub
  readonly history: LogHistory
  /** Reads the progress regularly, so that a lost signal only delays a change. */
  readonly poll: CheckpointPoll<Looked>
  /** Takes a change that a projector of this process has committed. */
  readonly onChange: (change: Change) => void
}

export interface LiveParts {
  readonly readSide: ReadSide
  readonly tail: LogTail
  readonly redis: Redis | null
  readonly commands: Commands
  readonly projectors: Projectors
}

/** A lost signal delays a change by no more than this. */
const POLL_INTERVAL_MS = 250

export async function openLive(shared: Shared, parts: LiveParts): Promise<Live> {
  const { config, instruments, warn } = shared
  const { reads, replays, epoch } = parts.readSide
  const { partitions } = config
  const hub = new Hub({
    ...reads,
    replays,
    partitions,
    epoch,
    onError: warn('reading for live clients failed'),
  })
  registerHub(instruments, hub)
  hub.begin(onLog(await reads.progress()))
  const history = openHistory(shared, parts, hub)
  const poll = openPoll(shared, parts.projectors, hub, history)
  const transport = parts.redis && openTransport(shared, parts, parts.redis, { hub, history, poll })
  return {
    hub,
    history,
    poll,
    onChange(change) {
      hub.take(change)
      transport?.publishChange(change)
    },
  }
}

function openHistory(
  { logger }: Shared,
  { readSide, tail, commands, projectors }: LiveParts,
  hub: Hub,
): LogHistory {
  return new LogHistory({
    epoch: readSide.epoch,
    tail,
    hub,
    find: createHistoryRead(readSide.db),
    progress: readSide.reads.progress,
    renew: (ended) => renewEpoch(commands.db, ended),
    onReplaced(replaced) {
      projectors.reset()
      logger.error(
        replaced,
        'the history of the log was replaced: memory is cleared and read again from the database',
      )
    },
  })
}

function openPoll(
  { warn, onClose }: Shared,
  projectors: Projectors,
  hub: Hub,
  history: LogHistory,
): CheckpointPoll<Looked> {
  const poll = new CheckpointPoll({
    look: () => history.look(),
    intervalMs: POLL_INTERVAL_MS,
    onFound({ epoch, progress }) {
      if (epoch !== history.epoch) return
      hub.catchUp(onLog(progress))
      for (const { projection, partition, error } of progress)
        if (error === null) projectors.resume(projection, partition)
    },
    onError: warn('polling the database failed'),
  })
  onClose(() => poll.close())
  return poll
}

/** Publishes commits and changes to the tails and hubs of the other processes. */
function openTransport(
  { onClose }: Shared,
  { readSide, tail }: LiveParts,
  redis: Redis,
  { hub, history, poll }: Omit<Live, 'onChange'>,
): Transport {
  const transport = createTransport({
    redis: redis.link,
    installation: readSide.installation,
    epoch: () => history.epoch,
    onHead: ({ partition, from, to }) => tail.advance(partition, to, from),
    onProgress: (progressed) => hub.announce(progressed),
    onReconnect() {
      hub.refresh()
      void poll.poll()
    },
    onError: redis.onError,
  })
  hub.connect(transport.channels)
  tail.onCommit((commit) => transport.publishHead(commit))
  onClose(() => transport.close())
  return transport
}
