import type { ApolloServerOptions, BaseContext } from '@apollo/server'
import type { LRUCache } from 'lru-cache'

type Options = ApolloServerOptions<BaseContext>

/** The cache interfaces that Apollo requires. */
export type DocumentStore = NonNullable<Options['documentStore']>
export type TextStore = Exclude<NonNullable<Options['cache']>, 'bounded'>

export function keyValueCache<Value extends object | string>(cache: LRUCache<string, Value>) {
  return {
    async get(key: string) {
      return cache.get(key)
    },
    async set(key: string, value: Value) {
      cache.set(key, value)
    },
    async delete(key: string) {
      return cache.delete(key)
    },
  }
}
