/** How each part of Onhand connects to Postgres: the role and the limits. */
import type { ConnectionOptions } from '../lib/postgres.ts'
import { readerRole } from './reader-role.ts'

const everywhere = {
  timezone: 'UTC',
  // Every statement uses an index. A plan that was made and cached while a table was empty would scan the table.
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  // The best plan goes through the fewest rows, whatever their pages cost: a small table can have many old versions of its rows.
  cpu_tuple_cost: '100',
  cpu_index_tuple_cost: '100',
  jit: 'off',
}

/**
 * Commands. The timeouts make a hanging transaction release its partition. They are long enough for a statement to wait for the
 * lock of the partition while another process moves many lines.
 */
export const forCommands = (url: string): ConnectionOptions => ({
  url,
  applicationName: 'onhand commands',
  settings: { ...everywhere, statement_timeout: '30s', idle_in_transaction_session_timeout: '10s' },
  transactionTimeoutMs: 35_000,
  answerTimeoutMs: 35_000,
})

export const forProjector = (url: string, projection: string): ConnectionOptions => ({
  url,
  applicationName: `onhand projector ${projection}`,
  settings: { ...everywhere, statement_timeout: '60s', idle_in_transaction_session_timeout: '60s' },
  transactionTimeoutMs: 90_000,
})

/** Queries. The role can read the schema `views` and nothing else. */
export const forQueries = (url: string): ConnectionOptions => ({
  url,
  applicationName: 'onhand queries',
  settings: {
    ...everywhere,
    role: readerRole(url),
    default_transaction_read_only: 'on',
    statement_timeout: '4s',
  },
  // A server that hangs does not enforce its own timeouts.
  answerTimeoutMs: 4500,
})

/** Reads for clients that resume. They have their own connections, so that queries do not wait for them. */
export const forReplays = (url: string): ConnectionOptions => ({
  ...forQueries(url),
  applicationName: 'onhand replays',
})

/** Rebuilds and other maintenance: a few long statements on whole tables. */
export const forMaintenance = (url: string): ConnectionOptions => ({
  url,
  applicationName: 'onhand maintenance',
  // Incomplete work is discarded after a crash, so it need not be durable.
  settings: { timezone: 'UTC', jit: 'off', work_mem: '128MB', synchronous_commit: 'off' },
})

/** `onhand verify`: many short statements on new tables, which need not survive a crash. */
export const forVerifying = (url: string): ConnectionOptions => ({
  url,
  applicationName: 'onhand verify',
  settings: {
    ...everywhere,
    work_mem: '64MB',
    synchronous_commit: 'off',
    // Starting a parallel worker takes longer than reading a range of keys.
    max_parallel_workers_per_gather: '0',
  },
})
