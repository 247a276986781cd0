import { makeExecutableSchema } from '@graphql-tools/schema'
import type { GraphQLSchema } from 'graphql'
import { mutationResolvers } from './mutations/mutations.ts'
import { queryResolvers } from './queries/queries.ts'
import { scalars } from './scalars.ts'
import { readTypeDefs } from './type-defs.ts'

export function createSchema(): GraphQLSchema {
  return makeExecutableSchema({
    typeDefs: readTypeDefs(),
    resolvers: {
      ...scalars,
      ...queryResolvers,
      Mutation: mutationResolvers,
    },
    inheritResolversFromInterfaces: false,
  })
}
