export interface Check {
  /** What is claimed. */
  readonly claim: string
  /** What it was proven with, or some of what is wrong, a line for each. */
  readonly detail: string
  readonly holds: boolean
}

const MAX_SHOWN = 5

/**
 * @param wrong what contradicts the claim, in words
 * @param proof what there is to say if nothing does
 */
export function checked(claim: string, wrong: readonly string[], proof: string): Check {
  if (wrong.length === 0) return { claim, holds: true, detail: proof }
  const shown = wrong.slice(0, MAX_SHOWN)
  const more = wrong.length > shown.length ? [`… and ${wrong.length - shown.length} more`] : []
  return { claim, holds: false, detail: [...shown, ...more].join('\n') }
}
