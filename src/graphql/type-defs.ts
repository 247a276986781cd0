import { readFileSync, readdirSync } from 'node:fs'

const SCHEMA = new URL('../../schema/', import.meta.url)

/** The SDL of all files in `schema/`. */
export function readTypeDefs(): string {
  return readdirSync(SCHEMA)
    .filter((name) => name.endsWith('.graphql'))
    .toSorted()
    .map((name) => readFileSync(new URL(name, SCHEMA), 'utf8'))
    .join('\n')
}
