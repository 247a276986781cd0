import type { ApiContext } from '../graphql/context.ts'
import { fault, formatFault } from '../graphql/errors.ts'
import { inAscii } from './frame.ts'
import type { Frame } from './frame.ts'
import type { LiveOperation } from '../graphql/subscriptions/operation.ts'
import type { LiveStats } from '../live/stats.ts'

/** Executes an operation with the value of its root field and turns the result into a frame. */
export type Render = (value: unknown, about: Omit<Frame, 'payload'>) => Frame

export interface RenderOptions {
  readonly stats: LiveStats
  /** Receives errors that clients see masked. */
  readonly report: (error: unknown, requestId: string) => void
}

/** A result is rendered without a pause, while all other clients wait, and can become six times as long in ASCII. */
const MAX_RESULT_CHARACTERS = 512 * 1024
const TOO_LARGE = fault(
  'QUERY_TOO_COMPLEX',
  `A live result has more than ${MAX_RESULT_CHARACTERS} characters; request fewer fields or shorter lists.`,
)

/** @returns a function that throws GraphQLError for a result that is too large */
export function createRender(
  execute: LiveOperation['execute'],
  contextValue: ApiContext,
  { stats, report }: RenderOptions,
): Render {
  const { requestId } = contextValue
  return (value, about) => {
    stats.executions += 1
    const { data, errors } = execute(value, contextValue)
    const json = JSON.stringify({
      data,
      errors: errors?.map((error) => formatFault(error, requestId, (cause) => report(cause, requestId))),
      extensions: about.cursor === null ? undefined : { cursor: about.cursor },
    })
    if (json.length > MAX_RESULT_CHARACTERS) throw TOO_LARGE
    return { payload: inAscii(json), ...about }
  }
}
