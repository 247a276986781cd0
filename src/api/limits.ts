/**
 * What a document may cost before anything is done with it. Checked ahead of validation, which a document of 1.5 KB can
 * keep busy for minutes: some of its rules take time exponential in the number of fragments.
 */
import { costLimitRule } from '@escape.tech/graphql-armor-cost-limit'
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth'
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives'
import { GraphQLError, TypeInfo, ValidationContext, parse, visit, visitInParallel } from 'graphql'
import type { DocumentNode, GraphQLSchema, ParseOptions } from 'graphql'
import { fault } from './errors.ts'

export const parseOptions: ParseOptions = { maxTokens: 1000 }

const rules = [
  maxDepthRule({ n: 10, flattenFragments: true }),
  maxAliasesRule({ n: 15 }),
  maxDirectivesRule({ n: 20 }),
  costLimitRule({ maxCost: 20_000, flattenFragments: true }),
]

/** @returns why the document is refused; null if it is not */
export function exceededLimit(schema: GraphQLSchema, document: DocumentNode): GraphQLError | null {
  const context = new ValidationContext(schema, document, new TypeInfo(schema), () => {})
  try {
    visit(document, visitInParallel(rules.map((rule) => rule(context))))
    return null
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error
    return fault('QUERY_TOO_COMPLEX', error.message.replace(/^Syntax Error: /, ''))
  }
}

/** Parses within the limits. @throws GraphQLError for a syntax error, or a document of too many tokens */
export const parseWithinLimits = (source: string): DocumentNode => parse(source, parseOptions)
