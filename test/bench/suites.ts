import type { Suite } from './suite.ts'
import { attacks } from './suites/attacks.ts'
import { commands } from './suites/commands.ts'
import { fanout } from './suites/fanout.ts'
import { live } from './suites/live.ts'
import { memory } from './suites/memory.ts'
import { projections } from './suites/projections.ts'
import { queries } from './suites/queries.ts'
import { reductions } from './suites/reductions.ts'
import { snapshot } from './suites/snapshot.ts'
import { soak } from './suites/soak.ts'
import { verify } from './suites/verify.ts'

export const suites: readonly Suite[] = [
  commands,
  projections,
  live,
  fanout,
  queries,
  reductions,
  snapshot,
  memory,
  attacks,
  soak,
  verify,
]
