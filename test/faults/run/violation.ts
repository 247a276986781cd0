/** A broken rule, with the evidence for it. */
export interface Violation {
  readonly rule: string
  readonly evidence: string
  /** When it happened, in seconds since the start of the round; null if it has no time. */
  readonly at: number | null
}

export const violation = (rule: string, evidence: string, at: number | null = null): Violation => ({
  rule,
  evidence,
  at,
})
