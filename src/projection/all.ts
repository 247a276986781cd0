/** Lists all projections. To add one, write its file, add it to this list, and generate the migration. */
import type { Projection } from '../projector/projection.ts'
import { availability } from './availability.ts'
import { batches } from './batches.ts'
import { movements } from './movements.ts'
import { orders } from './orders.ts'

export const projections: readonly Projection[] = [availability, batches, orders, movements]
