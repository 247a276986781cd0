export interface Check {
  /** The claim, as a sentence. */
  readonly claim: string
  /** What proves the claim, or the first contradictions, one per line. */
  readonly detail: string
  readonly holds: boolean
}

const MAX_SHOWN = 5

/**
 * @param wrong descriptions of what contradicts the claim
 * @param proof the detail to show if nothing does
 */
export function checked(claim: string, wrong: readonly string[], proof: string): Check {
  if (wrong.length === 0) return { claim, holds: true, detail: proof }
  const shown = wrong.slice(0, MAX_SHOWN)
  const more = wrong.length > shown.length ? [`… and ${wrong.length - shown.length} more`] : []
  return { claim, holds: false, detail: [...shown, ...more].join('\n') }
}
