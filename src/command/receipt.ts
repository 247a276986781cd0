/** Receipts as stored: the answer to each command, by the command's id. */
import { parseLogPosition } from '../domain/values.ts'
import type { BatchReference, CommandId, LogPosition } from '../domain/values.ts'
import type { Outcome, CommandRejection } from './request.ts'
import type { receipts } from './tables.ts'

export interface Receipt {
  readonly commandId: CommandId
  readonly fingerprint: string
  /** The first answer, so `replayed` is false. */
  readonly outcome: Outcome
}

type ReceiptRow = typeof receipts.$inferSelect

type Answer = { readonly batchReference: BatchReference | null } | { readonly rejection: StoredRejection }

type StoredRejection =
  | Exclude<CommandRejection, { type: 'StaleVersion' }>
  | (Omit<Extract<CommandRejection, { type: 'StaleVersion' }>, 'expected' | 'actual'> & {
      expected: string
      actual: string
    })

export function encodeReceipt(receipt: Receipt, partition: number, recordedAt: Date): ReceiptRow {
  const { commandId, fingerprint, outcome } = receipt
  const answer: Answer =
    outcome.status === 'accepted'
      ? { batchReference: outcome.batchReference }
      : { rejection: storedRejection(outcome.rejection) }
  const position = outcome.status === 'accepted' ? outcome.position : null
  return { commandId, partition, fingerprint, position, answer, recordedAt }
}

export function decodeReceipt({ commandId, partition, fingerprint, position, answer }: ReceiptRow): Receipt {
  const stored = answer as Answer
  const outcome: Outcome =
    'rejection' in stored
      ? { status: 'rejected', rejection: rejectionFrom(stored.rejection), replayed: false }
      : {
          status: 'accepted',
          partition,
          position: position as LogPosition,
          batchReference: stored.batchReference,
          replayed: false,
        }
  return { commandId, fingerprint, outcome }
}

function storedRejection(rejection: CommandRejection): StoredRejection {
  if (rejection.type !== 'StaleVersion') return rejection
  return { ...rejection, expected: String(rejection.expected), actual: String(rejection.actual) }
}

function rejectionFrom(stored: StoredRejection): CommandRejection {
  if (stored.type !== 'StaleVersion') return stored
  return { ...stored, expected: parseLogPosition(stored.expected), actual: parseLogPosition(stored.actual) }
}
