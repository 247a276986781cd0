/** What goes into the dispatcher and what comes out. */
import { hash } from 'node:crypto'
import type { Command, Rejection } from '../domain/commands.ts'
import type { BatchReference, CommandId, LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { EntryId } from './entry-id.ts'

export interface CommandRequest {
  /** Chosen by who sends the command; the same id is the same command, however often it is sent. */
  readonly id: CommandId
  readonly command: Command
  /** The stream entry that the command was made from, if it was. */
  readonly source?: StreamEntry
}

/** An entry of another system's stream. Entries are sent in order, each after the one before it has been answered. */
export interface StreamEntry {
  readonly stream: string
  readonly entryId: EntryId
  /** The last entry that the sender has seen answered. */
  readonly after: EntryId
}

/** A command on its way to its partition. */
export interface RoutedRequest extends CommandRequest {
  /** Whether the product of a `CreateBatch` has a claim to the reference; null: its partition is the one to decide that. */
  readonly claimed: boolean | null
}

export type Outcome = Accepted | Rejected

export interface Accepted {
  readonly status: 'accepted'
  readonly partition: Partition
  /** The log's head once the command was done. */
  readonly position: LogPosition
  readonly batchReference: BatchReference | null
  /** This is the answer of an earlier command with the same id. */
  readonly replayed: boolean
}

export interface Rejected {
  readonly status: 'rejected'
  readonly rejection: CommandRejection
  readonly replayed: boolean
}

export type CommandRejection = Rejection | CommandIdReused

/** Another command has had this id. */
export interface CommandIdReused {
  readonly type: 'CommandIdReused'
  readonly commandId: CommandId
}

/** Whether a receipt with this fingerprint is of this command. */
export const isFingerprintOf = (fingerprint: string, command: Command): boolean =>
  fingerprint === fingerprintOf(command) || fingerprint === fingerprintWithGaps(command)

/** As it was made before: what a command leaves open counted as null. Receipts of then are kept for a while. */
const fingerprintWithGaps = (command: Command): string => hashOf(Object.entries(command))

/**
 * Tells commands apart by content: two have the same fingerprint if they ask for the same. What a command leaves open does not
 * count, so that a release which knows one more optional field recognizes commands that an older one has answered.
 */
export function fingerprintOf(command: Command): string {
  return hashOf(Object.entries(command).filter(([, value]) => value !== null && value !== undefined))
}

function hashOf(entries: [string, unknown][]): string {
  const fields = entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
  const text = JSON.stringify(fields, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  return hash('sha256', text, 'base64url').slice(0, 22)
}
