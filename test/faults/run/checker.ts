/** Checks all rules independently. */
import type { Violation } from './violation.ts'
import * as commands from './rules/commands.ts'
import type { Evidence, Rule } from './rules/evidence.ts'
import * as intake from './rules/intake.ts'
import { ledgersAreWhole } from './rules/ledger.ts'
import * as log from './rules/log.ts'
import { operatorsFindNothing, tablesAreWhatTheLogSays } from './rules/tables.ts'
import * as witnesses from './rules/witnesses.ts'

export const rules: readonly Rule[] = [
  commands.acknowledgedIsThereOnce,
  commands.refusedIsNotThere,
  commands.unavailableIsNotThere,
  commands.nothingTwice,
  commands.oneAnswer,
  commands.idsAreNotReused,
  commands.receiptsAreKept,
  commands.failuresAreHonest,
  commands.readsShowTheirToken,
  log.positionsAreGapless,
  log.timeNeverRunsBackwards,
  log.nothingUnasked,
  log.stockIsSound,
  intake.messagesKeepTheirOrder,
  intake.noMessageIsLost,
  intake.mistakesAreGivenUp,
  intake.goodMessagesAreNotGivenUp,
  tablesAreWhatTheLogSays,
  operatorsFindNothing,
  witnesses.productStatesWere,
  witnesses.versionsOnlyRise,
  witnesses.lastProductsAreTrue,
  witnesses.orderStatesWere,
  witnesses.nobodyIsTurnedAway,
  ledgersAreWhole,
]

export const judge = (evidence: Evidence): Violation[] => rules.flatMap((rule) => rule(evidence))
