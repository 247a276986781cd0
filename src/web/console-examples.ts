/**
 * The examples of the console: one per operation, in the order in which to try them. They use products of the sample catalogue, and
 * each can be repeated.
 */
export interface Example {
  readonly name: string
  readonly query: string
  readonly variables: object
}

const SKU = 'alarm-clock-bakelike-green'

export const EXAMPLES: readonly Example[] = [
  {
    name: 'Product',
    query: `# What is available of one product, and when. Ctrl+Enter runs it, Cmd+Enter on a Mac.
query Product($sku: ID!, $wanted: PositiveInt!) {
  product(sku: $sku) {
    sku
    status
    available
    onHand
    allocated
    incoming
    availableToPromise {
      date
      quantity
      cumulative
    }
    earliestDate(quantity: $wanted) {
      now
      date
    }
    batches {
      reference
      eta
      purchased
      available
    }
    version
    updatedAt
  }
}
`,
    variables: { sku: SKU, wanted: 250 },
  },
  {
    name: '⚡ Product',
    query: `# Live: the present state of each product, then every change. Leave it running, and run "Allocate" in its tab.
subscription Availability($skus: [ID!]!) {
  availabilityChanged(skus: $skus) {
    sku
    status
    available
    incoming
    version
    updatedAt
  }
}
`,
    variables: { skus: [SKU, 'alarm-clock-bakelike-pink'] },
  },
  {
    name: '▶ Allocate',
    query: `# Allocates stock to an order line. Sent again, it is accepted and changes nothing; with another orderId it takes more,
# until "userErrors" has OUT_OF_STOCK. "query" reads the state after the command.
mutation Allocate($input: AllocateInput!) {
  allocate(input: $input) {
    batchReference
    token
    replayed
    userErrors {
      code
      message
      field
      ... on OutOfStockError {
        requested
        available
        earliestDate
      }
    }
    query {
      product(sku: "${SKU}") {
        available
        version
      }
    }
  }
}
`,
    variables: { input: { orderId: 'console-1', sku: SKU, quantity: 2 } },
  },
  {
    name: 'Order',
    query: `# One order, and where the units of its lines come from.
query Order($id: ID!) {
  order(id: $id) {
    id
    lines {
      sku
      quantity
      status
      batchReference
      eta
    }
  }
}
`,
    variables: { id: 'sample-536365' },
  },
  {
    name: '⚡ Order',
    query: `# Live: the lines of an order, whenever one is allocated, backordered or deallocated.
subscription OrderChanges($orderId: ID!) {
  allocationChanged(orderId: $orderId) {
    id
    lines {
      sku
      quantity
      status
      batchReference
      eta
    }
  }
}
`,
    variables: { orderId: 'console-1' },
  },
  {
    name: '▶ Deallocate',
    query: `# Removes an order line and frees its stock.
mutation Deallocate($input: DeallocateInput!) {
  deallocate(input: $input) {
    token
    userErrors {
      code
      message
      field
    }
    query {
      product(sku: "${SKU}") {
        available
        version
      }
    }
  }
}
`,
    variables: { input: { orderId: 'console-1', sku: SKU } },
  },
  {
    name: '▶ Create batch',
    query: `# Adds stock: in the warehouse if "eta" is null, else on its way until that day.
mutation CreateBatch($input: CreateBatchInput!) {
  createBatch(input: $input) {
    token
    userErrors {
      code
      message
      field
    }
    query {
      product(sku: "${SKU}") {
        available
        incoming
        batches {
          reference
          eta
          available
        }
      }
    }
  }
}
`,
    variables: { input: { reference: 'console-batch-1', sku: SKU, quantity: 50, eta: null } },
  },
  {
    name: 'Batch',
    query: `# One batch, with the version that "Change batch" can expect.
query Batch($reference: ID!) {
  batch(reference: $reference) {
    reference
    sku
    eta
    purchased
    allocated
    available
    version
  }
}
`,
    variables: { reference: `${SKU}-warehouse` },
  },
  {
    name: '▶ Change batch',
    query: `# Sets the units of a batch. If more are allocated, its newest order lines move to other batches or wait.
mutation ChangeBatchQuantity($input: ChangeBatchQuantityInput!) {
  changeBatchQuantity(input: $input) {
    token
    userErrors {
      code
      message
      field
    }
    query {
      batch(reference: "${SKU}-warehouse") {
        purchased
        allocated
        available
        version
      }
    }
  }
}
`,
    variables: { input: { reference: `${SKU}-warehouse`, quantity: 300, reason: 'counted' } },
  },
  {
    name: 'Products',
    query: `# A page of the catalogue. For the next one, set "after" to the endCursor of this one.
query Products($filter: ProductFilter, $orderBy: ProductOrder, $first: Int, $after: String) {
  products(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    nodes {
      sku
      status
      available
      incoming
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
    variables: {
      filter: { status: ['IN_STOCK', 'LOW_STOCK'] },
      orderBy: { field: 'AVAILABLE', direction: 'ASC' },
      first: 10,
      after: null,
    },
  },
  {
    name: 'Ledger',
    query: `# The last movements of a product's stock.
query Ledger($sku: ID!, $last: Int) {
  stockMovements(sku: $sku, last: $last) {
    nodes {
      position
      type
      quantity
      batchReference
      orderId
      reason
      availableBefore
      availableAfter
      recordedAt
    }
    pageInfo {
      hasPreviousPage
      startCursor
    }
  }
}
`,
    variables: { sku: SKU, last: 10 },
  },
  {
    name: '⚡ Ledger',
    query: `# Live: every movement of stock as it happens. After an interruption, continue with the last position as "after".
subscription StockMoved($sku: ID, $after: String) {
  stockMoved(sku: $sku, after: $after) {
    position
    sku
    type
    quantity
    batchReference
    orderId
    availableBefore
    availableAfter
    recordedAt
  }
}
`,
    variables: { sku: null, after: null },
  },
  {
    name: 'Projections',
    query: `# How far the read models are behind the log.
query Projections {
  projections {
    name
    position
    head
    lag
    lagMs
    status
  }
}
`,
    variables: {},
  },
  {
    name: '⚡ Projections',
    query: `# Live: the progress of the read models, whenever it changes.
subscription Progress {
  projectionProgressed {
    name
    position
    head
    lag
    lagMs
    status
  }
}
`,
    variables: {},
  },
]
