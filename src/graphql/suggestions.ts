const BEGINNING = 'Did you mean '

/**
 * What graphql-js says of a mistake, without the names from the schema that it suggests at the end.
 *
 * Not by a regular expression: messages quote clients, and one that repeats the beginning of a suggestion would have an expression
 * look through all of the message again from each of these beginnings.
 */
export function withoutSuggestion(message: string): string {
  const start = message.endsWith('?') ? message.lastIndexOf(BEGINNING) : -1
  return start === -1 ? message : message.slice(0, start).trimEnd()
}
