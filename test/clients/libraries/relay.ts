/** Relay's runtime, with artifacts in the form of its compiler, and its normalized store. */
import { createClient } from 'graphql-ws'
import {
  Environment,
  Network,
  Observable,
  RecordSource,
  Store,
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  requestSubscription,
} from 'relay-runtime'
import type { ConcreteRequest } from 'relay-runtime'
import { ALLOCATE, PRODUCT, WATCH, socketOptions } from './library.ts'
import type { Library, Product } from './library.ts'

const scalar = (name: string) => ({
  alias: null,
  args: null,
  kind: 'ScalarField',
  name,
  storageKey: null,
})
/** @param args the variable of each argument */
const linked = (name: string, concreteType: string, args: Record<string, string>, selections: object[]) => ({
  alias: null,
  args: Object.entries(args).map(([argument, variableName]) => ({
    kind: 'Variable',
    name: argument,
    variableName,
  })),
  concreteType,
  kind: 'LinkedField',
  name,
  plural: false,
  selections,
  storageKey: null,
})

function request(
  operationKind: 'query' | 'mutation' | 'subscription',
  text: string,
  variables: string[],
  selection: object,
): ConcreteRequest {
  const name = `${operationKind}Artifact`
  const argumentDefinitions = variables.map((variable) => ({
    defaultValue: null,
    kind: 'LocalArgument',
    name: variable,
  }))
  const type = operationKind.replace(/^./, (letter) => letter.toUpperCase())
  const selections = [selection]
  return {
    kind: 'Request',
    fragment: {
      argumentDefinitions,
      kind: 'Fragment',
      metadata: null,
      name,
      selections,
      type,
      abstractKey: null,
    },
    operation: { argumentDefinitions, kind: 'Operation', name, selections },
    params: { cacheID: name, id: null, metadata: {}, name, operationKind, text },
  } as unknown as ConcreteRequest
}

const PRODUCT_FIELDS = ['sku', 'available', 'version'].map(scalar)
const product = linked('product', 'Product', { sku: 'sku' }, PRODUCT_FIELDS)
const productQuery = request('query', PRODUCT, ['sku'], product)
const allocateMutation = request(
  'mutation',
  ALLOCATE,
  ['input', 'sku'],
  linked('allocate', 'AllocatePayload', { input: 'input' }, [linked('query', 'Query', {}, [product])]),
)
const watchSubscription = request(
  'subscription',
  WATCH,
  ['skus'],
  linked('availabilityChanged', 'Product', { skus: 'skus' }, PRODUCT_FIELDS),
)

export const relay: Library = {
  normalizes: true,
  connect(url) {
    const socket = createClient(socketOptions(url))
    const network = Network.create(
      async ({ text }, variables) => {
        const response = await fetch(`${url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query: text, variables }),
        })
        return (await response.json()) as any
      },
      ({ text }, variables) =>
        Observable.create((sink) => socket.subscribe({ query: text as string, variables }, sink as any)),
    )
    const environment = new Environment({
      network,
      store: new Store(new RecordSource()),
      getDataID: ({ id, sku }: any, type) => id ?? (type === 'Product' ? `Product:${sku}` : undefined),
    })
    return {
      async product(sku) {
        environment.retain(createOperationDescriptor(productQuery, { sku }))
        const data: any = await fetchQuery(environment, productQuery, { sku }).toPromise()
        return data.product
      },
      allocate: (input) =>
        new Promise((resolve, reject) => {
          commitMutation<any>(environment, {
            mutation: allocateMutation,
            variables: { input, sku: input.sku },
            onCompleted: ({ allocate }, errors) =>
              errors == null ? resolve(allocate.query.product) : reject(new Error(JSON.stringify(errors))),
            onError: reject,
          })
        }),
      watch(skus, { next, error }) {
        requestSubscription<any>(environment, {
          subscription: watchSubscription,
          variables: { skus },
          onNext: (data) => next(data.availabilityChanged),
          onError: error,
          onCompleted: () => error('It was completed.'),
        })
      },
      stored(sku) {
        const { fragment } = createOperationDescriptor(productQuery, { sku })
        const { product } = environment.lookup(fragment).data as { product?: Product }
        return product ?? null
      },
      close: async () => socket.dispose(),
    }
  },
}
