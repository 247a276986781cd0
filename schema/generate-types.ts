/** `npm run codegen` generates the resolvers' types from the SDL. A test fails if the file is out of date. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { codegen } from '@graphql-codegen/core'
import * as typescript from '@graphql-codegen/typescript'
import * as typescriptResolvers from '@graphql-codegen/typescript-resolvers'
import { parse } from 'graphql'
import { readTypeDefs } from '../src/graphql/type-defs.ts'

export const OUTPUT = fileURLToPath(new URL('../src/graphql/resolver-types.ts', import.meta.url))

export function generateTypes(): Promise<string> {
  return codegen({
    filename: OUTPUT,
    schema: parse(readTypeDefs()),
    documents: [],
    plugins: [{ typescript: {} }, { resolvers: {} }],
    pluginMap: { typescript, resolvers: typescriptResolvers },
    config: {
      useTypeImports: true,
      enumsAsTypes: true,
      skipTypename: true,
      // Without a prefix, the schema's type `Promise` would shadow JavaScript's.
      typesPrefix: 'Gql',
      maybeValue: 'T | null',
      inputMaybeValue: 'T | null | undefined',
      avoidOptionals: { field: true, object: true },
      contextType: './context.ts#ApiContext',
      rootValueType: './context.ts#QueryRoot',
      resolversNonOptionalTypename: { unionMember: true, interfaceImplementingType: true },
      scalars: {
        ID: { input: 'string', output: 'string' },
        Date: '../domain/values.ts#CalendarDate',
        DateTime: 'globalThis.Date',
        PositiveInt: '../domain/values.ts#Quantity',
        NonNegativeInt: '../domain/values.ts#Quantity',
        ConsistencyToken: {
          input: '../progress/consistency.ts#AskedToken',
          output: '../log/token.ts#ConsistencyToken',
        },
      },
      mappers: {
        Query: './context.ts#QueryRoot',
        Product: '../projection/availability.ts#AvailabilityRow',
        Batch: './context.ts#BatchView',
        Order: './context.ts#OrderView',
        StockMovement: '../projection/movements.ts#MovementRow',
        Projection: '../projector/progress.ts#ProjectionProgress',
        ProductConnection: './connection.ts#Connection<AvailabilityRow>',
        StockMovementConnection: './connection.ts#Connection<MovementRow>',
        PromisedQuantity: '../domain/promise.ts#PromisedQuantity',
      },
    },
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(OUTPUT, await generateTypes())
