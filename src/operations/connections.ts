/** How each part of Onhand connects to Postgres: as whom, and with which limits. */
import type { ConnectionOptions } from '../lib/postgres.ts'
import { readerRole } from './reader-role.ts'

const everywhere = {
  timezone: 'UTC',
  // Every statement here goes by an index. A plan made while a table was empty would scan it, and be kept.
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
}

/**
 * Commands: a transaction that hangs must let go of its partition. A statement may wait for the lock of the partition while
 * another process moves many lines.
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

/** Queries: as a role that can read the schema `views` and nothing else. */
export const forQueries = (url: string): ConnectionOptions => ({
  url,
  applicationName: 'onhand queries',
  settings: {
    ...everywhere,
    role: readerRole(url),
    default_transaction_read_only: 'on',
    statement_timeout: '4s',
  },
  // A server that has stopped does not keep its own timeouts either.
  answerTimeoutMs: 4500,
})

/** Replays for those who resume: as queries, on connections that queries do not wait for. */
export const forReplays = (url: string): ConnectionOptions => ({
  ...forQueries(url),
  applicationName: 'onhand replays',
})

/** Rebuilding and verifying: a few statements that may take long, on whole tables. */
export const forMaintenance = (url: string): ConnectionOptions => ({
  url,
  applicationName: 'onhand maintenance',
  // What is half done after a crash is thrown away anyway.
  settings: { timezone: 'UTC', jit: 'off', work_mem: '128MB', synchronous_commit: 'off' },
})

/** Verifying: many short statements on tables that were just made, and that nobody needs after a crash. */
export const forVerifying = (url: string): ConnectionOptions => ({
  url,
  applicationName: 'onhand verify',
  settings: {
    ...everywhere,
    work_mem: '64MB',
    synchronous_commit: 'off',
    // Starting a worker takes longer than reading a range of keys.
    max_parallel_workers_per_gather: '0',
  },
})
