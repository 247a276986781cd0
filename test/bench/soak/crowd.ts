/** All clients of the soak besides the honest watchers and shoppers, with their expected outcomes. Start here to find an attack. */
import { duplicateIds } from './attacks/duplicate-ids.ts'
import { endlessRequests } from './attacks/endless-requests.ts'
import { foreignHosts } from './attacks/foreign-hosts.ts'
import { forgedTokens } from './attacks/forged-tokens.ts'
import { h2cOffers } from './attacks/h2c-offers.ts'
import { joinsWhileClosing } from './attacks/joins-while-closing.ts'
import { largeGreetings } from './attacks/large-greetings.ts'
import { largeLiveDocuments } from './attacks/large-live-documents.ts'
import { leavers } from './attacks/leavers.ts'
import { malformedRequests } from './attacks/malformed-requests.ts'
import { manyOperations } from './attacks/many-operations.ts'
import { paddedDocuments } from './attacks/padded-documents.ts'
import { persistedTexts } from './attacks/persisted-texts.ts'
import { pipelinedStreams } from './attacks/pipelined-streams.ts'
import { refusedDocuments } from './attacks/refused-documents.ts'
import { replayers } from './attacks/replayers.ts'
import { silentSockets } from './attacks/silent-sockets.ts'
import { stalledLedgers } from './attacks/stalled-ledgers.ts'
import { tooManySubscriptions } from './attacks/too-many-subscriptions.ts'
import { unreadAnswers } from './attacks/unread-answers.ts'
import { several } from './client.ts'
import type { Client } from './client.ts'
import { reconnectingWatchers } from './honest/reconnecting-watchers.ts'
import { slowReaders } from './honest/slow-readers.ts'

export interface Visitor {
  readonly name: string
  readonly run: Client
  /** Expected outcomes. Any other outcome is reported. */
  readonly expected: readonly string[]
}

export const crowd: readonly Visitor[] = [
  { name: 'slow readers', run: several(3, slowReaders), expected: ['served'] },
  { name: 'reconnecting watchers', run: several(3, reconnectingWatchers), expected: ['a movement'] },
  {
    name: 'stalled ledgers',
    run: several(2, stalledLedgers),
    expected: ['closed with 1013', 'closed with 1006', 'has caught up'],
  },
  { name: 'replays', run: several(2, replayers), expected: ['replayed'] },
  {
    name: 'forged tokens',
    run: forgedTokens,
    expected: ['200 BAD_USER_INPUT', '200 LOG_REPLACED', '400 BAD_USER_INPUT'],
  },
  { name: 'duplicate ids', run: duplicateIds, expected: ['closed with 4409', 'closed with 4400'] },
  { name: 'joins while closing', run: joinsWhileClosing, expected: ['closed with 4409', 'closed with 1000'] },
  {
    name: 'silent sockets',
    run: silentSockets,
    expected: ['closed with 4408', 'closed with 4400', 'closed with 4401', 'closed with 1009'],
  },
  { name: 'too many subscriptions', run: tooManySubscriptions, expected: ['RATE_LIMITED'] },
  { name: 'large greetings', run: largeGreetings, expected: ['{"type":"connection_ack"'] },
  { name: 'large live documents', run: largeLiveDocuments, expected: ['held', 'OVERLOADED'] },
  { name: 'pipelined streams', run: pipelinedStreams, expected: ['200'] },
  { name: 'leavers', run: leavers, expected: ['gone'] },
  { name: 'persisted texts', run: persistedTexts, expected: ['200 data'] },
  { name: '100 operations', run: manyOperations, expected: ['200 data'] },
  { name: 'padded documents', run: paddedDocuments, expected: ['200 data'] },
  {
    name: 'refused documents',
    run: refusedDocuments,
    expected: ['400 QUERY_TOO_COMPLEX', '400 FORBIDDEN', '400 BAD_USER_INPUT'],
  },
  { name: 'unread answers', run: unreadAnswers, expected: ['left', 'cut off'] },
  { name: 'h2c offers', run: h2cOffers, expected: ['200 data'] },
  {
    name: 'malformed requests',
    run: malformedRequests,
    expected: ['400 BAD_USER_INPUT', '431 BAD_USER_INPUT'],
  },
  { name: 'foreign hosts', run: foreignHosts, expected: ['421 BAD_USER_INPUT', '400 BAD_USER_INPUT'] },
  { name: 'endless requests', run: endlessRequests, expected: ['413 BAD_USER_INPUT', '408 in the end'] },
]
