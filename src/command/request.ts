/** The dispatcher's requests and outcomes. */
import { hash } from 'node:crypto'
import type { Command, Rejection } from '../domain/commands.ts'
import type { BatchReference, CommandId, LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { EntryId } from './entry-id.ts'

export interface CommandRequest {
  /** Chosen by the sender. Requests with the same id are the same command, which is executed once. */
  readonly id: CommandId
  readonly command: Command
  /** The stream entry from which the command was made, if any. */
  readonly source?: StreamEntry
}

/** An entry of another system's stream. Entries are sent in order, each after the previous one has been answered. */
export interface StreamEntry {
  readonly stream: string
  readonly entryId: EntryId
  /** The last entry whose answer the sender has received. */
  readonly after: EntryId
}

/** A command on its way to its partition. */
export interface RoutedRequest extends CommandRequest {
  /** Whether the product of a `CreateBatch` holds the claim to the reference; null if its own partition decides the claim. */
  readonly claimed: boolean | null
}

export type Outcome = Accepted | Rejected

export interface Accepted {
  readonly status: 'accepted'
  readonly partition: Partition
  /** The partition's head after the command. */
  readonly position: LogPosition
  readonly batchReference: BatchReference | null
  /** Whether this is the repeated answer to an earlier request with the same id. */
  readonly replayed: boolean
}

export interface Rejected {
  readonly status: 'rejected'
  readonly rejection: CommandRejection
  readonly replayed: boolean
}

export type CommandRejection = Rejection | CommandIdReused

/** A different command has already used this id. */
export interface CommandIdReused {
  readonly type: 'CommandIdReused'
  readonly commandId: CommandId
}

/** Whether a receipt with this fingerprint belongs to this command. */
export const isFingerprintOf = (fingerprint: string, command: Command): boolean =>
  fingerprint === fingerprintOf(command) || fingerprint === fingerprintWithGaps(command)

/** The fingerprint of an earlier release, which counted omitted fields as null. Its receipts may still be in the table. */
const fingerprintWithGaps = (command: Command): string => hashOf(Object.entries(command))

/**
 * Hashes the content of a command: two commands have the same fingerprint if they ask for the same. Omitted fields do not
 * count, so a release that adds an optional field still recognizes the commands that an older release answered.
 */
export function fingerprintOf(command: Command): string {
  return hashOf(Object.entries(command).filter(([, value]) => value !== null && value !== undefined))
}

function hashOf(entries: [string, unknown][]): string {
  const fields = entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
  const text = JSON.stringify(fields, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  return hash('sha256', text, 'base64url').slice(0, 22)
}
