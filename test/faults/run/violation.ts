/** A rule that was broken, with the least that shows it. */
export interface Violation {
  readonly rule: string
  readonly evidence: string
  /** When it was noticed, in seconds since the round began; null if no moment belongs to it. */
  readonly at: number | null
}

export const violation = (rule: string, evidence: string, at: number | null = null): Violation => ({
  rule,
  evidence,
  at,
})
