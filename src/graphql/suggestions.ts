const BEGINNING = 'Did you mean '

/**
 * Removes the suggestion of schema names from the end of a graphql-js message.
 *
 * It uses no regular expression: messages quote clients' input, and with input that repeats the beginning of a suggestion an
 * expression would take quadratic time.
 */
export function withoutSuggestion(message: string): string {
  const start = message.endsWith('?') ? message.lastIndexOf(BEGINNING) : -1
  return start === -1 ? message : message.slice(0, start).trimEnd()
}
