/** Rejections as clients see them: a code, a message, the input field that caused it, and details. */
import type { CommandRejection } from '../../command/request.ts'
import type { Command } from '../../domain/commands.ts'
import type { GqlUserErrorCode } from '../resolver-types.ts'

export type UserErrorView = ReturnType<typeof userError>

export function userError(rejection: CommandRejection, command: Command) {
  switch (rejection.type) {
    case 'InvalidSku':
      return {
        ...error('InvalidSkuError', 'INVALID_SKU', `Invalid sku ${rejection.sku}`, 'sku'),
        sku: rejection.sku,
      }
    case 'OutOfStock': {
      const { sku, requested, available, earliestDate } = rejection
      const about = error('OutOfStockError', 'OUT_OF_STOCK', `Out of stock for sku ${sku}`, 'quantity')
      return { ...about, sku, requested, available, earliestDate }
    }
    case 'BatchReferenceTaken': {
      const { reference } = rejection
      const message = `Batch ${reference} exists already; choose another reference.`
      return {
        ...error('BatchReferenceTakenError', 'BATCH_REFERENCE_TAKEN', message, 'reference'),
        reference,
      }
    }
    case 'BatchNotFound': {
      const { reference } = rejection
      const message = `There is no batch ${reference}.`
      return { ...error('BatchNotFoundError', 'BATCH_NOT_FOUND', message, 'reference'), reference }
    }
    case 'LineAlreadyAllocated': {
      const { orderId, sku, quantity } = rejection
      const message = `Order ${orderId} already has a line of ${quantity} units of ${sku}; deallocate it to order another quantity.`
      return {
        ...error('LineAlreadyAllocatedError', 'LINE_ALREADY_ALLOCATED', message, 'quantity'),
        orderId,
        sku,
        quantity,
      }
    }
    case 'LineNotAllocated': {
      const { orderId, sku } = rejection
      const message = `Order ${orderId} has no line for sku ${sku}.`
      return { ...error('LineNotAllocatedError', 'LINE_NOT_ALLOCATED', message, 'orderId'), orderId, sku }
    }
    case 'CommandIdReused': {
      const message = `The command id ${rejection.commandId} belongs to another command than this ${command.type}; choose a new id.`
      return error('CommandIdReusedError', 'COMMAND_ID_REUSED', message, 'commandId')
    }
    case 'StaleVersion': {
      const expectedVersion = String(rejection.expected)
      const actualVersion = String(rejection.actual)
      const message = `Batch ${rejection.reference} has changed: its version is ${actualVersion}, not ${expectedVersion}. Read the batch again.`
      return {
        ...error('StaleVersionError', 'STALE_VERSION', message, 'expectedVersion'),
        expectedVersion,
        actualVersion,
      }
    }
    case 'StockLimitExceeded': {
      const { sku, limit } = rejection
      const message = `All batches of ${sku} together would hold more than ${limit} units.`
      return { ...error('StockLimitExceededError', 'STOCK_LIMIT_EXCEEDED', message, 'quantity'), limit }
    }
    case 'TooManyLines': {
      const { sku, limit } = rejection
      const message = `The command would move more than ${limit} order lines of ${sku}; use smaller steps.`
      return { ...error('TooManyLinesError', 'TOO_MANY_LINES', message, 'quantity'), limit }
    }
    default:
      return rejection satisfies never
  }
}

function error<Type extends string>(
  __typename: Type,
  code: GqlUserErrorCode,
  message: string,
  field: string,
) {
  return { __typename, code, message, field: ['input', field] }
}
