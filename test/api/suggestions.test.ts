import { buildSchema, execute, parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import { withoutSuggestion } from '../../src/graphql/suggestions.ts'

const schema = buildSchema(
  'enum Colour { RED GREEN } input Paint { colour: Colour } type Query { paint(with: Paint): Colour }',
)

/** The messages of graphql-js for a document and its variables. */
function complaint(source: string, variables: Record<string, unknown> = {}): string {
  const document = parse(source)
  const result = execute({ schema, document, variableValues: variables }) as {
    errors?: { message: string }[]
  }
  return ([...validate(schema, document), ...(result.errors ?? [])][0] as { message: string }).message
}

test.each([
  { message: complaint('{ pain }'), left: 'Cannot query field "pain" on type "Query".' },
  { message: complaint('{ paint(width: 1) }'), left: 'Unknown argument "width" on field "Query.paint".' },
  {
    message: complaint('query ($p: Paint) { paint(with: $p) }', { p: { color: 'RED' } }),
    left: 'Variable "$p" got invalid value { color: "RED" }; Field "color" is not defined by type "Paint".',
  },
])('$message', ({ message, left }) => {
  expect(message).toMatch(/ Did you mean .*\?$/)
  expect(withoutSuggestion(message)).toBe(left)
})

test.each(['', 'Expected a name.', 'Why?', 'Did you mean it.', '"Did you mean x?" is not a day.'])(
  'a message without a suggestion does not change: %s',
  (message) => expect(withoutSuggestion(message)).toBe(message),
)

test('takes time linear in the message; a quadratic expression would take hours here', () => {
  const message = `"${'Did you mean '.repeat(1_000_000)}" is not a number`
  expect(withoutSuggestion(message)).toBe(message)
  const suggesting = `${'Did you mean '.repeat(1_000_000)}"x"?`
  expect(withoutSuggestion(suggesting)).toHaveLength(999_999 * 'Did you mean '.length - 1)
})
