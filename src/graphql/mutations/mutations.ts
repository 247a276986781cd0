import { v7 as uuidv7 } from 'uuid'
import type { Command } from '../../domain/commands.ts'
import {
  parseBatchReference,
  parseCommandId,
  parseLogPosition,
  parseOrderId,
  parseReason,
  parseSku,
} from '../../domain/values.ts'
import { OutcomeUnknown } from '../../command/faults.ts'
import type { Outcome } from '../../command/request.ts'
import type { ConsistencyToken } from '../../log/token.ts'
import type { ApiContext, QueryRoot } from '../context.ts'
import { fault } from '../errors.ts'
import type { GqlMutationResolvers } from '../resolver-types.ts'
import { userError } from './user-errors.ts'
import type { UserErrorView } from './user-errors.ts'

interface Payload {
  readonly commandId: string
  readonly token: ConsistencyToken | null
  readonly userErrors: UserErrorView[]
  readonly replayed: boolean
  readonly query: QueryRoot
}

export const mutationResolvers: Required<GqlMutationResolvers> = {
  createBatch: async (_, { input }, context) => {
    const { quantity, eta = null } = input
    const reference = parseBatchReference(input.reference)
    const sku = parseSku(input.sku)
    return payload(
      context,
      await send(context, input, { type: 'CreateBatch', reference, sku, quantity, eta }),
    )
  },
  changeBatchQuantity: async (_, { input }, context) => {
    const { quantity } = input
    const reference = parseBatchReference(input.reference)
    const reason = input.reason == null ? null : parseReason(input.reason)
    const expectedVersion = input.expectedVersion == null ? null : parseLogPosition(input.expectedVersion)
    const command = { type: 'ChangeBatchQuantity', reference, quantity, reason, expectedVersion } as const
    return payload(context, await send(context, input, command))
  },
  allocate: async (_, { input }, context) => {
    const { quantity } = input
    const orderId = parseOrderId(input.orderId)
    const sku = parseSku(input.sku)
    const answer = await send(context, input, { type: 'Allocate', orderId, sku, quantity })
    const { outcome } = answer
    return {
      ...payload(context, answer),
      batchReference: outcome.status === 'accepted' ? outcome.batchReference : null,
    }
  },
  deallocate: async (_, { input }, context) => {
    const orderId = parseOrderId(input.orderId)
    const sku = parseSku(input.sku)
    return payload(context, await send(context, input, { type: 'Deallocate', orderId, sku }))
  },
}

interface Answer {
  readonly commandId: string
  readonly command: Command
  readonly outcome: Outcome
}

async function send(
  { dispatch }: ApiContext,
  input: { readonly commandId?: string | null | undefined },
  command: Command,
): Promise<Answer> {
  const commandId = parseCommandId(input.commandId ?? uuidv7())
  try {
    return { commandId, command, outcome: await dispatch({ id: commandId, command }) }
  } catch (error) {
    // A client that did not choose the id needs it to send the command again.
    throw error instanceof OutcomeUnknown
      ? fault('OUTCOME_UNKNOWN', error.message, { retryable: true, commandId })
      : error
  }
}

function payload({ log }: ApiContext, { commandId, command, outcome }: Answer): Payload {
  const { replayed } = outcome
  if (outcome.status === 'rejected') {
    const userErrors = [userError(outcome.rejection, command)]
    return { commandId, token: null, userErrors, replayed, query: { consistentWith: null } }
  }
  const positions = new Map([[outcome.partition, outcome.position]])
  const token: ConsistencyToken = { epoch: log.epoch, positions }
  return { commandId, token, userErrors: [], replayed, query: { consistentWith: token } }
}
