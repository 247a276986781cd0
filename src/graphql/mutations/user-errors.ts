/** Rejections as clients see them: a code, a sentence, the input it is about, and what there is to know. */
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
      const message = `There is a batch ${reference} already; choose another reference.`
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
      const message = `Order ${orderId} has ${quantity} units of ${sku} already; deallocate them to order another quantity.`
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
      const message = `The command id ${rejection.commandId} was used for another command than this ${command.type}; choose a new one.`
      return error('CommandIdReusedError', 'COMMAND_ID_REUSED', message, 'commandId')
    }
    case 'StaleVersion': {
      const expectedVersion = String(rejection.expected)
      const actualVersion = String(rejection.actual)
      const message = `Batch ${rejection.reference} has changed: its version is ${actualVersion}, not ${expectedVersion}. Look at it again.`
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
      const message = `This would move more than ${limit} order lines of ${sku} at once. Do it in smaller steps.`
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
