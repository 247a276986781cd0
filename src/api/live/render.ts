import type { ApiContext } from '../context.ts'
import { formatFault } from '../errors.ts'
import { asciiJson } from './frame.ts'
import type { Frame } from './frame.ts'
import type { LiveOperation } from './operation.ts'
import type { LiveStats } from '../../live/stats.ts'

/** Executes an operation upon an answer, and makes a frame of the result. */
export type Render = (answer: unknown, about: Omit<Frame, 'payload'>) => Frame

export interface RenderOptions {
  readonly stats: LiveStats
  /** Told of errors that clients see masked. */
  readonly report: (error: unknown, requestId: string) => void
}

export function createRender(
  execute: LiveOperation['execute'],
  contextValue: ApiContext,
  { stats, report }: RenderOptions,
): Render {
  const { requestId } = contextValue
  return (answer, about) => {
    stats.executions += 1
    const { data, errors } = execute(answer, contextValue)
    const payload = asciiJson({
      data,
      errors: errors?.map((error) => formatFault(error, requestId, (cause) => report(cause, requestId))),
      extensions: about.cursor === null ? undefined : { cursor: about.cursor },
    })
    return { payload, ...about }
  }
}
