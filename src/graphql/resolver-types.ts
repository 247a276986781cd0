import type { CalendarDate } from '../domain/values.ts';
import type { Quantity } from '../domain/values.ts';
import type { AskedToken } from '../progress/consistency.ts';
import type { ConsistencyToken } from '../log/token.ts';
import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { QueryRoot, BatchView, OrderView, ApiContext } from './context.ts';
import type { AvailabilityRow } from '../projection/availability.ts';
import type { MovementRow } from '../projection/movements.ts';
import type { ProjectionProgress } from '../projector/progress.ts';
import type { Connection } from './connection.ts';
import type { PromisedQuantity } from '../domain/promise.ts';
export type Maybe<T> = T | null;
export type InputMaybe<T> = T | null | undefined;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** A calendar day without a time zone, such as `2026-12-24`. */
  Date: { input: CalendarDate; output: CalendarDate; }
  /** A moment in UTC, such as `2026-12-24T18:30:00.000Z`. */
  DateTime: { input: globalThis.Date; output: globalThis.Date; }
  /** A whole number from 1 to 2147483647. */
  PositiveInt: { input: Quantity; output: Quantity; }
  /** A whole number from 0 to 2147483647. */
  NonNegativeInt: { input: Quantity; output: Quantity; }
  /**
   * A point in the log. Every accepted command returns one; a query that is given a command's token waits until it sees that command's
   * effect. A token is opaque: return it unchanged. As an argument, the word `latest` stands for everything that has happened when the
   * request arrives.
   *
   * A token belongs to an epoch of the log. A new epoch begins when the log is replaced, for example by a restored backup. A request with
   * a token of another epoch, or of a point that the log has not reached, fails at once with the code `LOG_REPLACED`, which is not
   * retryable: get a new token.
   */
  ConsistencyToken: { input: AskedToken; output: ConsistencyToken; }
};

/**
 * Commands. The server decides each command once and answers when the decision is durable. If a client sends a command again with the
 * same `commandId` and the same content, the server does not execute it again: it returns the first answer, with `replayed` true.
 */
export type GqlMutation = {
  /** Adds a batch of a product. A product exists from its first batch on. Backordered lines get stock from the batch at once. */
  createBatch: GqlCreateBatchPayload;
  /**
   * Sets how many units a batch has. If more units than that are allocated, the newest order lines lose the batch until the rest fits;
   * each of them gets stock from another batch at once or is backordered. If the batch grows, backordered lines get stock from it at once.
   */
  changeBatchQuantity: GqlChangeBatchQuantityPayload;
  /**
   * Allocates stock to an order line. All units come from one batch: the first that has enough, where batches in the warehouse come
   * before those that are expected, and these by their ETA. The same line sent again is accepted and changes nothing.
   */
  allocate: GqlAllocatePayload;
  /** Removes an order line, whether it has stock or is backordered. The units that it frees go to backordered lines at once. */
  deallocate: GqlDeallocatePayload;
};


/**
 * Commands. The server decides each command once and answers when the decision is durable. If a client sends a command again with the
 * same `commandId` and the same content, the server does not execute it again: it returns the first answer, with `replayed` true.
 */
export type GqlMutationCreateBatchArgs = {
  input: GqlCreateBatchInput;
};


/**
 * Commands. The server decides each command once and answers when the decision is durable. If a client sends a command again with the
 * same `commandId` and the same content, the server does not execute it again: it returns the first answer, with `replayed` true.
 */
export type GqlMutationChangeBatchQuantityArgs = {
  input: GqlChangeBatchQuantityInput;
};


/**
 * Commands. The server decides each command once and answers when the decision is durable. If a client sends a command again with the
 * same `commandId` and the same content, the server does not execute it again: it returns the first answer, with `replayed` true.
 */
export type GqlMutationAllocateArgs = {
  input: GqlAllocateInput;
};


/**
 * Commands. The server decides each command once and answers when the decision is durable. If a client sends a command again with the
 * same `commandId` and the same content, the server does not execute it again: it returns the first answer, with `replayed` true.
 */
export type GqlMutationDeallocateArgs = {
  input: GqlDeallocateInput;
};

/** The answer to a command. */
export type GqlCommandPayload = {
  /** The id that the client gave the command, or the one that the server generated. */
  commandId: Scalars['ID']['output'];
  /** The command's point in the log. Give it to a query, and the query sees the command's effect. Null if the command is rejected. */
  token: Maybe<Scalars['ConsistencyToken']['output']>;
  /** Why the command is rejected; empty if it is accepted. A rejected command changes nothing. */
  userErrors: Array<GqlUserError>;
  /** Whether this is the answer to an earlier command with the same id. */
  replayed: Scalars['Boolean']['output'];
  /** Queries that see this command's effect. */
  query: GqlQuery;
};

/** Why a command is rejected. */
export type GqlUserError = {
  /** Machine-readable code. */
  code: GqlUserErrorCode;
  /** Message for people. */
  message: Scalars['String']['output'];
  /** Path of the input field that caused the rejection. */
  field: Maybe<Array<Scalars['String']['output']>>;
};

/** All reasons for which a command can be rejected. */
export type GqlUserErrorCode =
  /** There is no product with this SKU. */
  | 'INVALID_SKU'
  /** No batch has enough available units. */
  | 'OUT_OF_STOCK'
  /** A batch with this reference exists already. */
  | 'BATCH_REFERENCE_TAKEN'
  /** There is no batch with this reference. */
  | 'BATCH_NOT_FOUND'
  /** The order already has a line for this product, with another quantity. */
  | 'LINE_ALREADY_ALLOCATED'
  /** The order has no line for this product. */
  | 'LINE_NOT_ALLOCATED'
  /** An earlier command with other content has the same id. */
  | 'COMMAND_ID_REUSED'
  /** The batch has changed since the version that the command names. */
  | 'STALE_VERSION'
  /** All batches of a product together can have at most 2147483647 units. */
  | 'STOCK_LIMIT_EXCEEDED'
  /** One command can move at most 100000 order lines from batch to batch, or between a batch and the backorder queue. */
  | 'TOO_MANY_LINES';

/** There is no product with this SKU. */
export type GqlInvalidSkuError = GqlUserError & {
  /** `INVALID_SKU` */
  code: GqlUserErrorCode;
  /** `Invalid sku X` */
  message: Scalars['String']['output'];
  /** Path of the input field that caused the rejection. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The SKU. */
  sku: Scalars['ID']['output'];
};

/** No batch has enough available units. */
export type GqlOutOfStockError = GqlUserError & {
  /** `OUT_OF_STOCK` */
  code: GqlUserErrorCode;
  /** `Out of stock for sku X` */
  message: Scalars['String']['output'];
  /** Path of the input field that caused the rejection. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The product. */
  sku: Scalars['ID']['output'];
  /** Units requested. */
  requested: Scalars['Int']['output'];
  /** The largest quantity that one order line can get now: the available units of the batch that has most. */
  available: Scalars['Int']['output'];
  /** The day by which all batches together have enough available units; null if they never do, or if they do now. */
  earliestDate: Maybe<Scalars['Date']['output']>;
};

/** A batch with this reference exists already. */
export type GqlBatchReferenceTakenError = GqlUserError & {
  /** `BATCH_REFERENCE_TAKEN` */
  code: GqlUserErrorCode;
  /** Message for people. */
  message: Scalars['String']['output'];
  /** Path of the input field that caused the rejection. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The reference. */
  reference: Scalars['ID']['output'];
};

/** There is no batch with this reference. */
export type GqlBatchNotFoundError = GqlUserError & {
  /** `BATCH_NOT_FOUND` */
  code: GqlUserErrorCode;
  /** Message for people. */
  message: Scalars['String']['output'];
  /** Path of the input field that caused the rejection. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The reference. */
  reference: Scalars['ID']['output'];
};

/** The order already has a line for this product, with another quantity. */
export type GqlLineAlreadyAllocatedError = GqlUserError & {
  /** `LINE_ALREADY_ALLOCATED` */
  code: GqlUserErrorCode;
  /** Message for people. */
  message: Scalars['String']['output'];
  /** Path of the input field that caused the rejection. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The order. */
  orderId: Scalars['ID']['output'];
  /** The product. */
  sku: Scalars['ID']['output'];
  /** Units of the existing line. */
  quantity: Scalars['Int']['output'];
};

/** The order has no line for this product. */
export type GqlLineNotAllocatedError = GqlUserError & {
  /** `LINE_NOT_ALLOCATED` */
  code: GqlUserErrorCode;
  /** Message for people. */
  message: Scalars['String']['output'];
  /** Path of the input field that caused the rejection. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The order. */
  orderId: Scalars['ID']['output'];
  /** The product. */
  sku: Scalars['ID']['output'];
};

/** An earlier command with other content has the same id. */
export type GqlCommandIdReusedError = GqlUserError & {
  /** `COMMAND_ID_REUSED` */
  code: GqlUserErrorCode;
  /** Message for people. */
  message: Scalars['String']['output'];
  /** Path of the input field that caused the rejection. */
  field: Maybe<Array<Scalars['String']['output']>>;
};

/** The batch has changed since the version that the command names. */
export type GqlStaleVersionError = GqlUserError & {
  /** `STALE_VERSION` */
  code: GqlUserErrorCode;
  /** Message for people. */
  message: Scalars['String']['output'];
  /** Path of the input field that caused the rejection. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The version that the command names. */
  expectedVersion: Scalars['String']['output'];
  /** The current version of the batch. */
  actualVersion: Scalars['String']['output'];
};

/** All batches of the product together would have more units than is allowed. */
export type GqlStockLimitExceededError = GqlUserError & {
  /** `STOCK_LIMIT_EXCEEDED` */
  code: GqlUserErrorCode;
  /** Message for people. */
  message: Scalars['String']['output'];
  /** Path of the input field that caused the rejection. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The most units that all batches of the product together can have. */
  limit: Scalars['Int']['output'];
};

/** The command would move more order lines than one command may. */
export type GqlTooManyLinesError = GqlUserError & {
  /** `TOO_MANY_LINES` */
  code: GqlUserErrorCode;
  /** Message for people. */
  message: Scalars['String']['output'];
  /** Path of the input field that caused the rejection. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The most order lines that one command can move. */
  limit: Scalars['Int']['output'];
};

/** Input of `createBatch`. */
export type GqlCreateBatchInput = {
  /** The name of the batch: 1 to 255 characters without control characters, unique among all batches. */
  reference: Scalars['ID']['input'];
  /** The product: 1 to 255 characters without control characters. */
  sku: Scalars['ID']['input'];
  /** Units in the batch. */
  quantity: Scalars['PositiveInt']['input'];
  /** The day on which the batch is expected; absent or null if it is in the warehouse. */
  eta?: InputMaybe<Scalars['Date']['input']>;
  /** An id of 1 to 255 characters, which makes it safe to send the command again. The server generates one if it is absent. */
  commandId?: InputMaybe<Scalars['ID']['input']>;
};

/** The answer to `createBatch`. */
export type GqlCreateBatchPayload = GqlCommandPayload & {
  /** The id that the client gave the command, or the one that the server generated. */
  commandId: Scalars['ID']['output'];
  /** The command's point in the log. Give it to a query, and the query sees the command's effect. Null if the command is rejected. */
  token: Maybe<Scalars['ConsistencyToken']['output']>;
  /** Why the command is rejected; empty if it is accepted. */
  userErrors: Array<GqlUserError>;
  /** Whether this is the answer to an earlier command with the same id. */
  replayed: Scalars['Boolean']['output'];
  /** Queries that see this command's effect. */
  query: GqlQuery;
};

/** Input of `changeBatchQuantity`. */
export type GqlChangeBatchQuantityInput = {
  /** The batch. */
  reference: Scalars['ID']['input'];
  /** Units that the batch has from now on, allocated units included. */
  quantity: Scalars['NonNegativeInt']['input'];
  /** The reason, which the ledger shows: at most 500 characters. */
  reason?: InputMaybe<Scalars['String']['input']>;
  /** The `Batch.version` that the client has seen. If the batch has changed since, the command is rejected. */
  expectedVersion?: InputMaybe<Scalars['String']['input']>;
  /** An id of 1 to 255 characters, which makes it safe to send the command again. The server generates one if it is absent. */
  commandId?: InputMaybe<Scalars['ID']['input']>;
};

/** The answer to `changeBatchQuantity`. */
export type GqlChangeBatchQuantityPayload = GqlCommandPayload & {
  /** The id that the client gave the command, or the one that the server generated. */
  commandId: Scalars['ID']['output'];
  /** The command's point in the log. Give it to a query, and the query sees the command's effect. Null if the command is rejected. */
  token: Maybe<Scalars['ConsistencyToken']['output']>;
  /** Why the command is rejected; empty if it is accepted. */
  userErrors: Array<GqlUserError>;
  /** Whether this is the answer to an earlier command with the same id. */
  replayed: Scalars['Boolean']['output'];
  /** Queries that see this command's effect. */
  query: GqlQuery;
};

/** Input of `allocate`. */
export type GqlAllocateInput = {
  /** The order: 1 to 255 characters without control characters. */
  orderId: Scalars['ID']['input'];
  /** The product. An order has one line per product. */
  sku: Scalars['ID']['input'];
  /** Units ordered. */
  quantity: Scalars['PositiveInt']['input'];
  /** An id of 1 to 255 characters, which makes it safe to send the command again. The server generates one if it is absent. */
  commandId?: InputMaybe<Scalars['ID']['input']>;
};

/** The answer to `allocate`. */
export type GqlAllocatePayload = GqlCommandPayload & {
  /** The id that the client gave the command, or the one that the server generated. */
  commandId: Scalars['ID']['output'];
  /** The command's point in the log. Give it to a query, and the query sees the command's effect. Null if the command is rejected. */
  token: Maybe<Scalars['ConsistencyToken']['output']>;
  /** Why the command is rejected; empty if it is accepted. */
  userErrors: Array<GqlUserError>;
  /** Whether this is the answer to an earlier command with the same id. */
  replayed: Scalars['Boolean']['output'];
  /** Queries that see this command's effect. */
  query: GqlQuery;
  /** The batch that the line's units come from. Null if the command is rejected, or if the line existed before and is backordered. */
  batchReference: Maybe<Scalars['ID']['output']>;
};

/** Input of `deallocate`. */
export type GqlDeallocateInput = {
  /** The order. */
  orderId: Scalars['ID']['input'];
  /** The product of the line to remove. */
  sku: Scalars['ID']['input'];
  /** An id of 1 to 255 characters, which makes it safe to send the command again. The server generates one if it is absent. */
  commandId?: InputMaybe<Scalars['ID']['input']>;
};

/** The answer to `deallocate`. */
export type GqlDeallocatePayload = GqlCommandPayload & {
  /** The id that the client gave the command, or the one that the server generated. */
  commandId: Scalars['ID']['output'];
  /** The command's point in the log. Give it to a query, and the query sees the command's effect. Null if the command is rejected. */
  token: Maybe<Scalars['ConsistencyToken']['output']>;
  /** Why the command is rejected; empty if it is accepted. */
  userErrors: Array<GqlUserError>;
  /** Whether this is the answer to an earlier command with the same id. */
  replayed: Scalars['Boolean']['output'];
  /** Queries that see this command's effect. */
  query: GqlQuery;
};

/** Queries. Each reads a projection as of some point in the log, never the tables that commands change. */
export type GqlQuery = {
  /** The ledger of a product: all movements of its stock, oldest first, in pages. */
  stockMovements: GqlStockMovementConnection;
  /** How far each projection is behind the log. Every other query reads from a projection. */
  projections: Array<GqlProjection>;
  /** One order by its id; null if the order has never had a line. */
  order: Maybe<GqlOrder>;
  /** One product by its SKU; null if no batch of it was ever created. */
  product: Maybe<GqlProduct>;
  /** All products, in pages. */
  products: GqlProductConnection;
  /** One batch by its reference; null if there is none. */
  batch: Maybe<GqlBatch>;
};


/** Queries. Each reads a projection as of some point in the log, never the tables that commands change. */
export type GqlQueryStockMovementsArgs = {
  sku: Scalars['ID']['input'];
  first: InputMaybe<Scalars['Int']['input']>;
  after: InputMaybe<Scalars['String']['input']>;
  last: InputMaybe<Scalars['Int']['input']>;
  before: InputMaybe<Scalars['String']['input']>;
  consistentWith: InputMaybe<Scalars['ConsistencyToken']['input']>;
};


/** Queries. Each reads a projection as of some point in the log, never the tables that commands change. */
export type GqlQueryOrderArgs = {
  id: Scalars['ID']['input'];
  consistentWith: InputMaybe<Scalars['ConsistencyToken']['input']>;
};


/** Queries. Each reads a projection as of some point in the log, never the tables that commands change. */
export type GqlQueryProductArgs = {
  sku: Scalars['ID']['input'];
  consistentWith: InputMaybe<Scalars['ConsistencyToken']['input']>;
};


/** Queries. Each reads a projection as of some point in the log, never the tables that commands change. */
export type GqlQueryProductsArgs = {
  filter: InputMaybe<GqlProductFilter>;
  orderBy: InputMaybe<GqlProductOrder>;
  first: InputMaybe<Scalars['Int']['input']>;
  after: InputMaybe<Scalars['String']['input']>;
  last: InputMaybe<Scalars['Int']['input']>;
  before: InputMaybe<Scalars['String']['input']>;
  consistentWith: InputMaybe<Scalars['ConsistencyToken']['input']>;
};


/** Queries. Each reads a projection as of some point in the log, never the tables that commands change. */
export type GqlQueryBatchArgs = {
  reference: Scalars['ID']['input'];
  consistentWith: InputMaybe<Scalars['ConsistencyToken']['input']>;
};

/** One entry of the ledger. The `availableBefore` of the product's next movement equals this movement's `availableAfter`. */
export type GqlStockMovement = {
  /** The position in the log. It rises from one movement to the next; the log as a whole has no gaps. */
  position: Scalars['String']['output'];
  /** The product. */
  sku: Scalars['ID']['output'];
  /** What kind of movement this is. */
  type: GqlMovementType;
  /** Number of units; negative if a batch shrank. */
  quantity: Scalars['Int']['output'];
  /** The batch; null if the order line is backordered. */
  batchReference: Maybe<Scalars['ID']['output']>;
  /** The order; null if the movement belongs to none. */
  orderId: Maybe<Scalars['ID']['output']>;
  /** Why it happened: the reason given with the command; for `DEALLOCATED`, `REQUESTED` or `BATCH_REDUCED`. */
  reason: Maybe<Scalars['String']['output']>;
  /** The id of the command that caused the movement: the client's own if it gave one. */
  reference: Maybe<Scalars['String']['output']>;
  /** `Product.available` before the movement. */
  availableBefore: Scalars['Int']['output'];
  /** `Product.available` after the movement. */
  availableAfter: Scalars['Int']['output'];
  /** When the movement was recorded. */
  recordedAt: Scalars['DateTime']['output'];
};

/** The kinds of movements. */
export type GqlMovementType =
  /** A batch was created. */
  | 'BATCH_CREATED'
  /** A batch grew or shrank. */
  | 'BATCH_QUANTITY_CHANGED'
  /** Units of a batch were allocated to an order line. */
  | 'ALLOCATED'
  /** Units of an order line went back to their batch. */
  | 'DEALLOCATED'
  /** An order line lost its batch, and no other batch has enough; the line waits for stock. */
  | 'BACKORDERED'
  /** A backordered line was removed. */
  | 'BACKORDER_CANCELLED';

/** A page of the ledger. */
export type GqlStockMovementConnection = {
  /** The movements of the page with their cursors. */
  edges: Array<GqlStockMovementEdge>;
  /** The movements of the page. */
  nodes: Array<GqlStockMovement>;
  /** Whether there are more pages, and the cursors to get them. */
  pageInfo: GqlPageInfo;
};

/** A movement and its cursor. */
export type GqlStockMovementEdge = {
  /** The movement's cursor, for this list and for `stockMoved`. */
  cursor: Scalars['String']['output'];
  /** The movement. */
  node: GqlStockMovement;
};

/**
 * A read model that is built from the log: `availability` (products), `batches`, `orders` or `movements`. If the log has
 * several partitions, the numbers are sums over all of them.
 */
export type GqlProjection = {
  /** The name of the projection. */
  name: Scalars['String']['output'];
  /** How many events it has processed. */
  position: Scalars['String']['output'];
  /** How many events the log has. */
  head: Scalars['String']['output'];
  /** How many events it has not processed yet. */
  lag: Scalars['Int']['output'];
  /** How long the first of these events has been waiting, in milliseconds; 0 if there is none. */
  lagMs: Scalars['Int']['output'];
  /** Whether the projection keeps up with the log. */
  status: GqlProjectionStatus;
};

/** Whether a projection keeps up with the log. */
export type GqlProjectionStatus =
  /** The projection is at most one second behind. */
  | 'LIVE'
  /** The projection is more than one second behind and is processing events. */
  | 'CATCHING_UP'
  /** The projection found an event that it cannot process. It stays where it is until an operator intervenes. */
  | 'STOPPED';

/** An order with the lines that were accepted and not removed since. */
export type GqlOrder = {
  /** The id that the shop gave it. */
  id: Scalars['ID']['output'];
  /** Its lines, in the order in which they were first allocated. */
  lines: Array<GqlOrderLine>;
};


/** An order with the lines that were accepted and not removed since. */
export type GqlOrderLinesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after: InputMaybe<Scalars['ID']['input']>;
};

/** Units of one product within an order. */
export type GqlOrderLine = {
  /** The product. */
  sku: Scalars['ID']['output'];
  /** Units ordered. */
  quantity: Scalars['Int']['output'];
  /** The state of the line. */
  status: GqlLineStatus;
  /** The batch that the units come from; null while the line is backordered. */
  batchReference: Maybe<Scalars['ID']['output']>;
  /** The day on which that batch is expected; null if it is in the warehouse or if the line is backordered. */
  eta: Maybe<Scalars['Date']['output']>;
};

/** The state of an order line. */
export type GqlLineStatus =
  /** Units of a batch are allocated to the line. */
  | 'ALLOCATED'
  /**
   * The line lost its batch, and no other batch had enough. It gets stock as soon as one batch has enough for all of it; lines that
   * were ordered earlier come first.
   */
  | 'BACKORDERED'
  /** The units have left the warehouse. */
  | 'SHIPPED';

/** A product: its stock, how much of it is available, and when more arrives. */
export type GqlProduct = {
  /** The stock keeping unit, which identifies the product. */
  sku: Scalars['ID']['output'];
  /** A summary for product pages. */
  status: GqlStockStatus;
  /** Units in the warehouse, allocated and reserved ones included. */
  onHand: Scalars['Int']['output'];
  /** Units allocated to order lines, from batches in the warehouse or on their way. */
  allocated: Scalars['Int']['output'];
  /** Units held temporarily, for example for a basket, and not allocated to an order line yet. */
  reserved: Scalars['Int']['output'];
  /** Units available now: those in the warehouse that are neither allocated nor reserved. */
  available: Scalars['Int']['output'];
  /** Units on their way, allocated and reserved ones included. */
  incoming: Scalars['Int']['output'];
  /** Which quantities become available when, soonest first. Days on which none does are left out. */
  availableToPromise: Array<GqlPromisedQuantity>;
  /**
   * When so many units are available, over all batches that have arrived by then; null if all batches together do not have enough.
   * An order line gets all its units from one batch, so a quantity that no single batch has must be ordered in several lines.
   */
  earliestDate: Maybe<GqlPromise>;
  /** The batches of the product, in the order in which they are allocated: warehouse, then earliest ETA, then reference. */
  batches: Array<GqlBatch>;
  /** The version of this state. It rises with every change; compare versions as whole numbers. */
  version: Scalars['String']['output'];
  /** When the product last changed. */
  updatedAt: Scalars['DateTime']['output'];
};


/** A product: its stock, how much of it is available, and when more arrives. */
export type GqlProductAvailableToPromiseArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
};


/** A product: its stock, how much of it is available, and when more arrives. */
export type GqlProductEarliestDateArgs = {
  quantity: Scalars['PositiveInt']['input'];
};


/** A product: its stock, how much of it is available, and when more arrives. */
export type GqlProductBatchesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after: InputMaybe<Scalars['ID']['input']>;
};

/** A summary of availability for product pages. */
export type GqlStockStatus =
  /** More than 5 units are available now. */
  | 'IN_STOCK'
  /** 1 to 5 units are available now. */
  | 'LOW_STOCK'
  /** No units are available now, but some of those on their way are. */
  | 'INCOMING'
  /** No units are available, neither now nor on their way. */
  | 'OUT_OF_STOCK';

/** Units that become available at one time. */
export type GqlPromisedQuantity = {
  /** The day; null means now. */
  date: Maybe<Scalars['Date']['output']>;
  /** Units that become available at this time. */
  quantity: Scalars['Int']['output'];
  /** These units plus those of all earlier times. */
  cumulative: Scalars['Int']['output'];
};

/** When a quantity is available. */
export type GqlPromise = {
  /** Whether it is available now. */
  now: Scalars['Boolean']['output'];
  /** The day by which it is available; null if it is available now. */
  date: Maybe<Scalars['Date']['output']>;
};

/** A quantity of one product that was bought or made together. */
export type GqlBatch = {
  /** The name of the batch, unique among all batches. */
  reference: Scalars['ID']['output'];
  /** The product. */
  sku: Scalars['ID']['output'];
  /** The day on which the batch is expected; null if it is in the warehouse. */
  eta: Maybe<Scalars['Date']['output']>;
  /** Units in the batch. */
  purchased: Scalars['Int']['output'];
  /** Units allocated to order lines. */
  allocated: Scalars['Int']['output'];
  /** Units held temporarily. */
  reserved: Scalars['Int']['output'];
  /** Units that are neither allocated nor reserved. */
  available: Scalars['Int']['output'];
  /** The version of this state. It rises with every change; `changeBatchQuantity` takes it as `expectedVersion`. */
  version: Scalars['String']['output'];
};

/** Which products to list: those that meet all conditions given. */
export type GqlProductFilter = {
  /** Only products with one of these SKUs; at most 100. */
  skus?: InputMaybe<Array<Scalars['ID']['input']>>;
  /** Only products whose SKU begins with this text; case-sensitive. */
  skuStartsWith?: InputMaybe<Scalars['String']['input']>;
  /** Only products with one of these statuses. */
  status?: InputMaybe<Array<GqlStockStatus>>;
};

/** The order in which to list products. */
export type GqlProductOrder = {
  /** The field to sort by. */
  field: GqlProductOrderField;
  /** The direction. */
  direction?: GqlOrderDirection;
};

/** The fields that products can be sorted by. Products with equal values are sorted by SKU. */
export type GqlProductOrderField =
  /** The SKU, character by character. */
  | 'SKU'
  /** Units available now. */
  | 'AVAILABLE';

/** A sort direction. */
export type GqlOrderDirection =
  /** Smallest first. */
  | 'ASC'
  /** Largest first. */
  | 'DESC';

/** A page of products. */
export type GqlProductConnection = {
  /** The products of the page with their cursors. */
  edges: Array<GqlProductEdge>;
  /** The products of the page. */
  nodes: Array<GqlProduct>;
  /** Whether there are more pages, and the cursors to get them. */
  pageInfo: GqlPageInfo;
};

/** A product and its cursor. */
export type GqlProductEdge = {
  /** The product's cursor in this list. */
  cursor: Scalars['String']['output'];
  /** The product. */
  node: GqlProduct;
};

/** Whether there are entries before and after a page, and the cursors to get them. */
export type GqlPageInfo = {
  /** Whether there are entries after the page. */
  hasNextPage: Scalars['Boolean']['output'];
  /** Whether there are entries before the page. */
  hasPreviousPage: Scalars['Boolean']['output'];
  /** The first cursor of the page; null if the page is empty. */
  startCursor: Maybe<Scalars['String']['output']>;
  /** The last cursor of the page; null if the page is empty. */
  endCursor: Maybe<Scalars['String']['output']>;
};

/**
 * Changes as they are projected: over WebSocket (`graphql-transport-ws`), as server-sent events (`Accept: text/event-stream`), or as
 * a multipart response (`Accept: multipart/mixed;subscriptionSpec=1.0`). A result of products, orders or the ledger has a cursor in
 * `extensions.cursor`. A client that was disconnected sends its last cursor as `extensions.after` to resume; an `EventSource` sends it as
 * `Last-Event-ID` by itself. With the word `latest` in place of a cursor, the ledger begins with what comes next.
 *
 * The cursor begins with the epoch of the log, which `connection_ack` contains as well. A new epoch begins when the log is replaced, for
 * example by a restored backup. Versions and positions then start again and can be lower than before, so compare versions only within an
 * epoch. A subscription with a cursor of another epoch, or of a point that the log has not reached, fails with the code `LOG_REPLACED`:
 * subscribe again without the cursor.
 */
export type GqlSubscription = {
  /**
   * The current state of each product, then every change. `version` rises with every change within an epoch; only a correction of a
   * wrong state by an operator leaves it as it is. When a new epoch begins, the current state is sent again, with a cursor of that epoch;
   * if one of the products does not exist in it, the subscription ends with `LOG_REPLACED`. For a client that cannot keep up, a newer state
   * of a product replaces an older one; the last state always arrives. A product that does not exist yet is sent once it does.
   */
  availabilityChanged: GqlProduct;
  /** The current state of an order, without lines if the order does not exist yet, then every change, as with `availabilityChanged`. */
  allocationChanged: GqlOrder;
  /**
   * The ledger as it is written: every movement exactly once, in order. A client that is too slow is disconnected with code 1013 and
   * resumes with `after`. When a new epoch begins, the subscription ends with `LOG_REPLACED`.
   */
  stockMoved: GqlStockMovement;
  /** The progress of each projection whenever it changes, at most 4 times per second per projection. */
  projectionProgressed: GqlProjection;
};


/**
 * Changes as they are projected: over WebSocket (`graphql-transport-ws`), as server-sent events (`Accept: text/event-stream`), or as
 * a multipart response (`Accept: multipart/mixed;subscriptionSpec=1.0`). A result of products, orders or the ledger has a cursor in
 * `extensions.cursor`. A client that was disconnected sends its last cursor as `extensions.after` to resume; an `EventSource` sends it as
 * `Last-Event-ID` by itself. With the word `latest` in place of a cursor, the ledger begins with what comes next.
 *
 * The cursor begins with the epoch of the log, which `connection_ack` contains as well. A new epoch begins when the log is replaced, for
 * example by a restored backup. Versions and positions then start again and can be lower than before, so compare versions only within an
 * epoch. A subscription with a cursor of another epoch, or of a point that the log has not reached, fails with the code `LOG_REPLACED`:
 * subscribe again without the cursor.
 */
export type GqlSubscriptionAvailabilityChangedArgs = {
  skus: Array<Scalars['ID']['input']>;
};


/**
 * Changes as they are projected: over WebSocket (`graphql-transport-ws`), as server-sent events (`Accept: text/event-stream`), or as
 * a multipart response (`Accept: multipart/mixed;subscriptionSpec=1.0`). A result of products, orders or the ledger has a cursor in
 * `extensions.cursor`. A client that was disconnected sends its last cursor as `extensions.after` to resume; an `EventSource` sends it as
 * `Last-Event-ID` by itself. With the word `latest` in place of a cursor, the ledger begins with what comes next.
 *
 * The cursor begins with the epoch of the log, which `connection_ack` contains as well. A new epoch begins when the log is replaced, for
 * example by a restored backup. Versions and positions then start again and can be lower than before, so compare versions only within an
 * epoch. A subscription with a cursor of another epoch, or of a point that the log has not reached, fails with the code `LOG_REPLACED`:
 * subscribe again without the cursor.
 */
export type GqlSubscriptionAllocationChangedArgs = {
  orderId: Scalars['ID']['input'];
};


/**
 * Changes as they are projected: over WebSocket (`graphql-transport-ws`), as server-sent events (`Accept: text/event-stream`), or as
 * a multipart response (`Accept: multipart/mixed;subscriptionSpec=1.0`). A result of products, orders or the ledger has a cursor in
 * `extensions.cursor`. A client that was disconnected sends its last cursor as `extensions.after` to resume; an `EventSource` sends it as
 * `Last-Event-ID` by itself. With the word `latest` in place of a cursor, the ledger begins with what comes next.
 *
 * The cursor begins with the epoch of the log, which `connection_ack` contains as well. A new epoch begins when the log is replaced, for
 * example by a restored backup. Versions and positions then start again and can be lower than before, so compare versions only within an
 * epoch. A subscription with a cursor of another epoch, or of a point that the log has not reached, fails with the code `LOG_REPLACED`:
 * subscribe again without the cursor.
 */
export type GqlSubscriptionStockMovedArgs = {
  sku: InputMaybe<Scalars['ID']['input']>;
  after: InputMaybe<Scalars['String']['input']>;
};



export type ResolverTypeWrapper<T> = Promise<T> | T;


export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;




/** Mapping of interface types */
export type GqlResolversInterfaceTypes<_RefType extends Record<string, unknown>> = {
  CommandPayload:
    | ( Omit<GqlCreateBatchPayload, 'userErrors' | 'query'> & { userErrors: Array<_RefType['UserError']>, query: _RefType['Query'] } & { __typename: 'CreateBatchPayload' } )
    | ( Omit<GqlChangeBatchQuantityPayload, 'userErrors' | 'query'> & { userErrors: Array<_RefType['UserError']>, query: _RefType['Query'] } & { __typename: 'ChangeBatchQuantityPayload' } )
    | ( Omit<GqlAllocatePayload, 'userErrors' | 'query'> & { userErrors: Array<_RefType['UserError']>, query: _RefType['Query'] } & { __typename: 'AllocatePayload' } )
    | ( Omit<GqlDeallocatePayload, 'userErrors' | 'query'> & { userErrors: Array<_RefType['UserError']>, query: _RefType['Query'] } & { __typename: 'DeallocatePayload' } )
  ;
  UserError:
    | ( GqlInvalidSkuError & { __typename: 'InvalidSkuError' } )
    | ( GqlOutOfStockError & { __typename: 'OutOfStockError' } )
    | ( GqlBatchReferenceTakenError & { __typename: 'BatchReferenceTakenError' } )
    | ( GqlBatchNotFoundError & { __typename: 'BatchNotFoundError' } )
    | ( GqlLineAlreadyAllocatedError & { __typename: 'LineAlreadyAllocatedError' } )
    | ( GqlLineNotAllocatedError & { __typename: 'LineNotAllocatedError' } )
    | ( GqlCommandIdReusedError & { __typename: 'CommandIdReusedError' } )
    | ( GqlStaleVersionError & { __typename: 'StaleVersionError' } )
    | ( GqlStockLimitExceededError & { __typename: 'StockLimitExceededError' } )
    | ( GqlTooManyLinesError & { __typename: 'TooManyLinesError' } )
  ;
};

/** Mapping between all available schema types and the resolvers types */
export type GqlResolversTypes = {
  Mutation: ResolverTypeWrapper<QueryRoot>;
  CommandPayload: ResolverTypeWrapper<GqlResolversInterfaceTypes<GqlResolversTypes>['CommandPayload']>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  UserError: ResolverTypeWrapper<GqlResolversInterfaceTypes<GqlResolversTypes>['UserError']>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  UserErrorCode: GqlUserErrorCode;
  InvalidSkuError: ResolverTypeWrapper<GqlInvalidSkuError>;
  OutOfStockError: ResolverTypeWrapper<GqlOutOfStockError>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  BatchReferenceTakenError: ResolverTypeWrapper<GqlBatchReferenceTakenError>;
  BatchNotFoundError: ResolverTypeWrapper<GqlBatchNotFoundError>;
  LineAlreadyAllocatedError: ResolverTypeWrapper<GqlLineAlreadyAllocatedError>;
  LineNotAllocatedError: ResolverTypeWrapper<GqlLineNotAllocatedError>;
  CommandIdReusedError: ResolverTypeWrapper<GqlCommandIdReusedError>;
  StaleVersionError: ResolverTypeWrapper<GqlStaleVersionError>;
  StockLimitExceededError: ResolverTypeWrapper<GqlStockLimitExceededError>;
  TooManyLinesError: ResolverTypeWrapper<GqlTooManyLinesError>;
  CreateBatchInput: GqlCreateBatchInput;
  CreateBatchPayload: ResolverTypeWrapper<Omit<GqlCreateBatchPayload, 'userErrors' | 'query'> & { userErrors: Array<GqlResolversTypes['UserError']>, query: GqlResolversTypes['Query'] }>;
  ChangeBatchQuantityInput: GqlChangeBatchQuantityInput;
  ChangeBatchQuantityPayload: ResolverTypeWrapper<Omit<GqlChangeBatchQuantityPayload, 'userErrors' | 'query'> & { userErrors: Array<GqlResolversTypes['UserError']>, query: GqlResolversTypes['Query'] }>;
  AllocateInput: GqlAllocateInput;
  AllocatePayload: ResolverTypeWrapper<Omit<GqlAllocatePayload, 'userErrors' | 'query'> & { userErrors: Array<GqlResolversTypes['UserError']>, query: GqlResolversTypes['Query'] }>;
  DeallocateInput: GqlDeallocateInput;
  DeallocatePayload: ResolverTypeWrapper<Omit<GqlDeallocatePayload, 'userErrors' | 'query'> & { userErrors: Array<GqlResolversTypes['UserError']>, query: GqlResolversTypes['Query'] }>;
  Query: ResolverTypeWrapper<QueryRoot>;
  StockMovement: ResolverTypeWrapper<MovementRow>;
  MovementType: GqlMovementType;
  StockMovementConnection: ResolverTypeWrapper<Connection<MovementRow>>;
  StockMovementEdge: ResolverTypeWrapper<Omit<GqlStockMovementEdge, 'node'> & { node: GqlResolversTypes['StockMovement'] }>;
  Projection: ResolverTypeWrapper<ProjectionProgress>;
  ProjectionStatus: GqlProjectionStatus;
  Order: ResolverTypeWrapper<OrderView>;
  OrderLine: ResolverTypeWrapper<GqlOrderLine>;
  LineStatus: GqlLineStatus;
  Product: ResolverTypeWrapper<AvailabilityRow>;
  StockStatus: GqlStockStatus;
  PromisedQuantity: ResolverTypeWrapper<PromisedQuantity>;
  Promise: ResolverTypeWrapper<GqlPromise>;
  Batch: ResolverTypeWrapper<BatchView>;
  ProductFilter: GqlProductFilter;
  ProductOrder: GqlProductOrder;
  ProductOrderField: GqlProductOrderField;
  OrderDirection: GqlOrderDirection;
  ProductConnection: ResolverTypeWrapper<Connection<AvailabilityRow>>;
  ProductEdge: ResolverTypeWrapper<Omit<GqlProductEdge, 'node'> & { node: GqlResolversTypes['Product'] }>;
  PageInfo: ResolverTypeWrapper<GqlPageInfo>;
  Date: ResolverTypeWrapper<Scalars['Date']['output']>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  PositiveInt: ResolverTypeWrapper<Scalars['PositiveInt']['output']>;
  NonNegativeInt: ResolverTypeWrapper<Scalars['NonNegativeInt']['output']>;
  ConsistencyToken: ResolverTypeWrapper<Scalars['ConsistencyToken']['output']>;
  Subscription: ResolverTypeWrapper<QueryRoot>;
};

/** Mapping between all available schema types and the resolvers parents */
export type GqlResolversParentTypes = {
  Mutation: QueryRoot;
  CommandPayload: GqlResolversInterfaceTypes<GqlResolversParentTypes>['CommandPayload'];
  ID: Scalars['ID']['output'];
  Boolean: Scalars['Boolean']['output'];
  UserError: GqlResolversInterfaceTypes<GqlResolversParentTypes>['UserError'];
  String: Scalars['String']['output'];
  InvalidSkuError: GqlInvalidSkuError;
  OutOfStockError: GqlOutOfStockError;
  Int: Scalars['Int']['output'];
  BatchReferenceTakenError: GqlBatchReferenceTakenError;
  BatchNotFoundError: GqlBatchNotFoundError;
  LineAlreadyAllocatedError: GqlLineAlreadyAllocatedError;
  LineNotAllocatedError: GqlLineNotAllocatedError;
  CommandIdReusedError: GqlCommandIdReusedError;
  StaleVersionError: GqlStaleVersionError;
  StockLimitExceededError: GqlStockLimitExceededError;
  TooManyLinesError: GqlTooManyLinesError;
  CreateBatchInput: GqlCreateBatchInput;
  CreateBatchPayload: Omit<GqlCreateBatchPayload, 'userErrors' | 'query'> & { userErrors: Array<GqlResolversParentTypes['UserError']>, query: GqlResolversParentTypes['Query'] };
  ChangeBatchQuantityInput: GqlChangeBatchQuantityInput;
  ChangeBatchQuantityPayload: Omit<GqlChangeBatchQuantityPayload, 'userErrors' | 'query'> & { userErrors: Array<GqlResolversParentTypes['UserError']>, query: GqlResolversParentTypes['Query'] };
  AllocateInput: GqlAllocateInput;
  AllocatePayload: Omit<GqlAllocatePayload, 'userErrors' | 'query'> & { userErrors: Array<GqlResolversParentTypes['UserError']>, query: GqlResolversParentTypes['Query'] };
  DeallocateInput: GqlDeallocateInput;
  DeallocatePayload: Omit<GqlDeallocatePayload, 'userErrors' | 'query'> & { userErrors: Array<GqlResolversParentTypes['UserError']>, query: GqlResolversParentTypes['Query'] };
  Query: QueryRoot;
  StockMovement: MovementRow;
  StockMovementConnection: Connection<MovementRow>;
  StockMovementEdge: Omit<GqlStockMovementEdge, 'node'> & { node: GqlResolversParentTypes['StockMovement'] };
  Projection: ProjectionProgress;
  Order: OrderView;
  OrderLine: GqlOrderLine;
  Product: AvailabilityRow;
  PromisedQuantity: PromisedQuantity;
  Promise: GqlPromise;
  Batch: BatchView;
  ProductFilter: GqlProductFilter;
  ProductOrder: GqlProductOrder;
  ProductConnection: Connection<AvailabilityRow>;
  ProductEdge: Omit<GqlProductEdge, 'node'> & { node: GqlResolversParentTypes['Product'] };
  PageInfo: GqlPageInfo;
  Date: Scalars['Date']['output'];
  DateTime: Scalars['DateTime']['output'];
  PositiveInt: Scalars['PositiveInt']['output'];
  NonNegativeInt: Scalars['NonNegativeInt']['output'];
  ConsistencyToken: Scalars['ConsistencyToken']['output'];
  Subscription: QueryRoot;
};

export type GqlShareableDirectiveArgs = { };

export type GqlShareableDirectiveResolver<Result, Parent, ContextType = ApiContext, Args = GqlShareableDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type GqlMutationResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['Mutation'] = GqlResolversParentTypes['Mutation']> = {
  createBatch?: Resolver<GqlResolversTypes['CreateBatchPayload'], ParentType, ContextType, RequireFields<GqlMutationCreateBatchArgs, 'input'>>;
  changeBatchQuantity?: Resolver<GqlResolversTypes['ChangeBatchQuantityPayload'], ParentType, ContextType, RequireFields<GqlMutationChangeBatchQuantityArgs, 'input'>>;
  allocate?: Resolver<GqlResolversTypes['AllocatePayload'], ParentType, ContextType, RequireFields<GqlMutationAllocateArgs, 'input'>>;
  deallocate?: Resolver<GqlResolversTypes['DeallocatePayload'], ParentType, ContextType, RequireFields<GqlMutationDeallocateArgs, 'input'>>;
};

export type GqlCommandPayloadResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['CommandPayload'] = GqlResolversParentTypes['CommandPayload']> = {
  __resolveType: TypeResolveFn<'CreateBatchPayload' | 'ChangeBatchQuantityPayload' | 'AllocatePayload' | 'DeallocatePayload', ParentType, ContextType>;
};

export type GqlUserErrorResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['UserError'] = GqlResolversParentTypes['UserError']> = {
  __resolveType: TypeResolveFn<'InvalidSkuError' | 'OutOfStockError' | 'BatchReferenceTakenError' | 'BatchNotFoundError' | 'LineAlreadyAllocatedError' | 'LineNotAllocatedError' | 'CommandIdReusedError' | 'StaleVersionError' | 'StockLimitExceededError' | 'TooManyLinesError', ParentType, ContextType>;
};

export type GqlInvalidSkuErrorResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['InvalidSkuError'] = GqlResolversParentTypes['InvalidSkuError']> = {
  code?: Resolver<GqlResolversTypes['UserErrorCode'], ParentType, ContextType>;
  message?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  field?: Resolver<Maybe<Array<GqlResolversTypes['String']>>, ParentType, ContextType>;
  sku?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlOutOfStockErrorResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['OutOfStockError'] = GqlResolversParentTypes['OutOfStockError']> = {
  code?: Resolver<GqlResolversTypes['UserErrorCode'], ParentType, ContextType>;
  message?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  field?: Resolver<Maybe<Array<GqlResolversTypes['String']>>, ParentType, ContextType>;
  sku?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  requested?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  available?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  earliestDate?: Resolver<Maybe<GqlResolversTypes['Date']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlBatchReferenceTakenErrorResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['BatchReferenceTakenError'] = GqlResolversParentTypes['BatchReferenceTakenError']> = {
  code?: Resolver<GqlResolversTypes['UserErrorCode'], ParentType, ContextType>;
  message?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  field?: Resolver<Maybe<Array<GqlResolversTypes['String']>>, ParentType, ContextType>;
  reference?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlBatchNotFoundErrorResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['BatchNotFoundError'] = GqlResolversParentTypes['BatchNotFoundError']> = {
  code?: Resolver<GqlResolversTypes['UserErrorCode'], ParentType, ContextType>;
  message?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  field?: Resolver<Maybe<Array<GqlResolversTypes['String']>>, ParentType, ContextType>;
  reference?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlLineAlreadyAllocatedErrorResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['LineAlreadyAllocatedError'] = GqlResolversParentTypes['LineAlreadyAllocatedError']> = {
  code?: Resolver<GqlResolversTypes['UserErrorCode'], ParentType, ContextType>;
  message?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  field?: Resolver<Maybe<Array<GqlResolversTypes['String']>>, ParentType, ContextType>;
  orderId?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  sku?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  quantity?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlLineNotAllocatedErrorResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['LineNotAllocatedError'] = GqlResolversParentTypes['LineNotAllocatedError']> = {
  code?: Resolver<GqlResolversTypes['UserErrorCode'], ParentType, ContextType>;
  message?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  field?: Resolver<Maybe<Array<GqlResolversTypes['String']>>, ParentType, ContextType>;
  orderId?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  sku?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlCommandIdReusedErrorResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['CommandIdReusedError'] = GqlResolversParentTypes['CommandIdReusedError']> = {
  code?: Resolver<GqlResolversTypes['UserErrorCode'], ParentType, ContextType>;
  message?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  field?: Resolver<Maybe<Array<GqlResolversTypes['String']>>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlStaleVersionErrorResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['StaleVersionError'] = GqlResolversParentTypes['StaleVersionError']> = {
  code?: Resolver<GqlResolversTypes['UserErrorCode'], ParentType, ContextType>;
  message?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  field?: Resolver<Maybe<Array<GqlResolversTypes['String']>>, ParentType, ContextType>;
  expectedVersion?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  actualVersion?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlStockLimitExceededErrorResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['StockLimitExceededError'] = GqlResolversParentTypes['StockLimitExceededError']> = {
  code?: Resolver<GqlResolversTypes['UserErrorCode'], ParentType, ContextType>;
  message?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  field?: Resolver<Maybe<Array<GqlResolversTypes['String']>>, ParentType, ContextType>;
  limit?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlTooManyLinesErrorResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['TooManyLinesError'] = GqlResolversParentTypes['TooManyLinesError']> = {
  code?: Resolver<GqlResolversTypes['UserErrorCode'], ParentType, ContextType>;
  message?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  field?: Resolver<Maybe<Array<GqlResolversTypes['String']>>, ParentType, ContextType>;
  limit?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlCreateBatchPayloadResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['CreateBatchPayload'] = GqlResolversParentTypes['CreateBatchPayload']> = {
  commandId?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  token?: Resolver<Maybe<GqlResolversTypes['ConsistencyToken']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<GqlResolversTypes['UserError']>, ParentType, ContextType>;
  replayed?: Resolver<GqlResolversTypes['Boolean'], ParentType, ContextType>;
  query?: Resolver<GqlResolversTypes['Query'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlChangeBatchQuantityPayloadResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['ChangeBatchQuantityPayload'] = GqlResolversParentTypes['ChangeBatchQuantityPayload']> = {
  commandId?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  token?: Resolver<Maybe<GqlResolversTypes['ConsistencyToken']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<GqlResolversTypes['UserError']>, ParentType, ContextType>;
  replayed?: Resolver<GqlResolversTypes['Boolean'], ParentType, ContextType>;
  query?: Resolver<GqlResolversTypes['Query'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlAllocatePayloadResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['AllocatePayload'] = GqlResolversParentTypes['AllocatePayload']> = {
  commandId?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  token?: Resolver<Maybe<GqlResolversTypes['ConsistencyToken']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<GqlResolversTypes['UserError']>, ParentType, ContextType>;
  replayed?: Resolver<GqlResolversTypes['Boolean'], ParentType, ContextType>;
  query?: Resolver<GqlResolversTypes['Query'], ParentType, ContextType>;
  batchReference?: Resolver<Maybe<GqlResolversTypes['ID']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlDeallocatePayloadResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['DeallocatePayload'] = GqlResolversParentTypes['DeallocatePayload']> = {
  commandId?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  token?: Resolver<Maybe<GqlResolversTypes['ConsistencyToken']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<GqlResolversTypes['UserError']>, ParentType, ContextType>;
  replayed?: Resolver<GqlResolversTypes['Boolean'], ParentType, ContextType>;
  query?: Resolver<GqlResolversTypes['Query'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlQueryResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['Query'] = GqlResolversParentTypes['Query']> = {
  stockMovements?: Resolver<GqlResolversTypes['StockMovementConnection'], ParentType, ContextType, RequireFields<GqlQueryStockMovementsArgs, 'sku'>>;
  projections?: Resolver<Array<GqlResolversTypes['Projection']>, ParentType, ContextType>;
  order?: Resolver<Maybe<GqlResolversTypes['Order']>, ParentType, ContextType, RequireFields<GqlQueryOrderArgs, 'id'>>;
  product?: Resolver<Maybe<GqlResolversTypes['Product']>, ParentType, ContextType, RequireFields<GqlQueryProductArgs, 'sku'>>;
  products?: Resolver<GqlResolversTypes['ProductConnection'], ParentType, ContextType, Partial<GqlQueryProductsArgs>>;
  batch?: Resolver<Maybe<GqlResolversTypes['Batch']>, ParentType, ContextType, RequireFields<GqlQueryBatchArgs, 'reference'>>;
};

export type GqlStockMovementResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['StockMovement'] = GqlResolversParentTypes['StockMovement']> = {
  position?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  sku?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  type?: Resolver<GqlResolversTypes['MovementType'], ParentType, ContextType>;
  quantity?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  batchReference?: Resolver<Maybe<GqlResolversTypes['ID']>, ParentType, ContextType>;
  orderId?: Resolver<Maybe<GqlResolversTypes['ID']>, ParentType, ContextType>;
  reason?: Resolver<Maybe<GqlResolversTypes['String']>, ParentType, ContextType>;
  reference?: Resolver<Maybe<GqlResolversTypes['String']>, ParentType, ContextType>;
  availableBefore?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  availableAfter?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  recordedAt?: Resolver<GqlResolversTypes['DateTime'], ParentType, ContextType>;
};

export type GqlStockMovementConnectionResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['StockMovementConnection'] = GqlResolversParentTypes['StockMovementConnection']> = {
  edges?: Resolver<Array<GqlResolversTypes['StockMovementEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<GqlResolversTypes['StockMovement']>, ParentType, ContextType>;
  pageInfo?: Resolver<GqlResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type GqlStockMovementEdgeResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['StockMovementEdge'] = GqlResolversParentTypes['StockMovementEdge']> = {
  cursor?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<GqlResolversTypes['StockMovement'], ParentType, ContextType>;
};

export type GqlProjectionResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['Projection'] = GqlResolversParentTypes['Projection']> = {
  name?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  position?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  head?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  lag?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  lagMs?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  status?: Resolver<GqlResolversTypes['ProjectionStatus'], ParentType, ContextType>;
};

export type GqlOrderResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['Order'] = GqlResolversParentTypes['Order']> = {
  id?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  lines?: Resolver<Array<GqlResolversTypes['OrderLine']>, ParentType, ContextType, RequireFields<GqlOrderLinesArgs, 'first'>>;
};

export type GqlOrderLineResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['OrderLine'] = GqlResolversParentTypes['OrderLine']> = {
  sku?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  quantity?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  status?: Resolver<GqlResolversTypes['LineStatus'], ParentType, ContextType>;
  batchReference?: Resolver<Maybe<GqlResolversTypes['ID']>, ParentType, ContextType>;
  eta?: Resolver<Maybe<GqlResolversTypes['Date']>, ParentType, ContextType>;
};

export type GqlProductResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['Product'] = GqlResolversParentTypes['Product']> = {
  sku?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  status?: Resolver<GqlResolversTypes['StockStatus'], ParentType, ContextType>;
  onHand?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  allocated?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  reserved?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  available?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  incoming?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  availableToPromise?: Resolver<Array<GqlResolversTypes['PromisedQuantity']>, ParentType, ContextType, RequireFields<GqlProductAvailableToPromiseArgs, 'first'>>;
  earliestDate?: Resolver<Maybe<GqlResolversTypes['Promise']>, ParentType, ContextType, RequireFields<GqlProductEarliestDateArgs, 'quantity'>>;
  batches?: Resolver<Array<GqlResolversTypes['Batch']>, ParentType, ContextType, RequireFields<GqlProductBatchesArgs, 'first'>>;
  version?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  updatedAt?: Resolver<GqlResolversTypes['DateTime'], ParentType, ContextType>;
};

export type GqlPromisedQuantityResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['PromisedQuantity'] = GqlResolversParentTypes['PromisedQuantity']> = {
  date?: Resolver<Maybe<GqlResolversTypes['Date']>, ParentType, ContextType>;
  quantity?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  cumulative?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
};

export type GqlPromiseResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['Promise'] = GqlResolversParentTypes['Promise']> = {
  now?: Resolver<GqlResolversTypes['Boolean'], ParentType, ContextType>;
  date?: Resolver<Maybe<GqlResolversTypes['Date']>, ParentType, ContextType>;
};

export type GqlBatchResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['Batch'] = GqlResolversParentTypes['Batch']> = {
  reference?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  sku?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  eta?: Resolver<Maybe<GqlResolversTypes['Date']>, ParentType, ContextType>;
  purchased?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  allocated?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  reserved?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  available?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  version?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
};

export type GqlProductConnectionResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['ProductConnection'] = GqlResolversParentTypes['ProductConnection']> = {
  edges?: Resolver<Array<GqlResolversTypes['ProductEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<GqlResolversTypes['Product']>, ParentType, ContextType>;
  pageInfo?: Resolver<GqlResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type GqlProductEdgeResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['ProductEdge'] = GqlResolversParentTypes['ProductEdge']> = {
  cursor?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<GqlResolversTypes['Product'], ParentType, ContextType>;
};

export type GqlPageInfoResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['PageInfo'] = GqlResolversParentTypes['PageInfo']> = {
  hasNextPage?: Resolver<GqlResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<GqlResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<GqlResolversTypes['String']>, ParentType, ContextType>;
  endCursor?: Resolver<Maybe<GqlResolversTypes['String']>, ParentType, ContextType>;
};

export interface GqlDateScalarConfig extends GraphQLScalarTypeConfig<GqlResolversTypes['Date'], any> {
  name: 'Date';
}

export interface GqlDateTimeScalarConfig extends GraphQLScalarTypeConfig<GqlResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export interface GqlPositiveIntScalarConfig extends GraphQLScalarTypeConfig<GqlResolversTypes['PositiveInt'], any> {
  name: 'PositiveInt';
}

export interface GqlNonNegativeIntScalarConfig extends GraphQLScalarTypeConfig<GqlResolversTypes['NonNegativeInt'], any> {
  name: 'NonNegativeInt';
}

export interface GqlConsistencyTokenScalarConfig extends GraphQLScalarTypeConfig<GqlResolversTypes['ConsistencyToken'], any> {
  name: 'ConsistencyToken';
}

export type GqlSubscriptionResolvers<ContextType = ApiContext, ParentType extends GqlResolversParentTypes['Subscription'] = GqlResolversParentTypes['Subscription']> = {
  availabilityChanged?: SubscriptionResolver<GqlResolversTypes['Product'], "availabilityChanged", ParentType, ContextType, RequireFields<GqlSubscriptionAvailabilityChangedArgs, 'skus'>>;
  allocationChanged?: SubscriptionResolver<GqlResolversTypes['Order'], "allocationChanged", ParentType, ContextType, RequireFields<GqlSubscriptionAllocationChangedArgs, 'orderId'>>;
  stockMoved?: SubscriptionResolver<GqlResolversTypes['StockMovement'], "stockMoved", ParentType, ContextType, Partial<GqlSubscriptionStockMovedArgs>>;
  projectionProgressed?: SubscriptionResolver<GqlResolversTypes['Projection'], "projectionProgressed", ParentType, ContextType>;
};

export type GqlResolvers<ContextType = ApiContext> = {
  Mutation?: GqlMutationResolvers<ContextType>;
  CommandPayload?: GqlCommandPayloadResolvers<ContextType>;
  UserError?: GqlUserErrorResolvers<ContextType>;
  InvalidSkuError?: GqlInvalidSkuErrorResolvers<ContextType>;
  OutOfStockError?: GqlOutOfStockErrorResolvers<ContextType>;
  BatchReferenceTakenError?: GqlBatchReferenceTakenErrorResolvers<ContextType>;
  BatchNotFoundError?: GqlBatchNotFoundErrorResolvers<ContextType>;
  LineAlreadyAllocatedError?: GqlLineAlreadyAllocatedErrorResolvers<ContextType>;
  LineNotAllocatedError?: GqlLineNotAllocatedErrorResolvers<ContextType>;
  CommandIdReusedError?: GqlCommandIdReusedErrorResolvers<ContextType>;
  StaleVersionError?: GqlStaleVersionErrorResolvers<ContextType>;
  StockLimitExceededError?: GqlStockLimitExceededErrorResolvers<ContextType>;
  TooManyLinesError?: GqlTooManyLinesErrorResolvers<ContextType>;
  CreateBatchPayload?: GqlCreateBatchPayloadResolvers<ContextType>;
  ChangeBatchQuantityPayload?: GqlChangeBatchQuantityPayloadResolvers<ContextType>;
  AllocatePayload?: GqlAllocatePayloadResolvers<ContextType>;
  DeallocatePayload?: GqlDeallocatePayloadResolvers<ContextType>;
  Query?: GqlQueryResolvers<ContextType>;
  StockMovement?: GqlStockMovementResolvers<ContextType>;
  StockMovementConnection?: GqlStockMovementConnectionResolvers<ContextType>;
  StockMovementEdge?: GqlStockMovementEdgeResolvers<ContextType>;
  Projection?: GqlProjectionResolvers<ContextType>;
  Order?: GqlOrderResolvers<ContextType>;
  OrderLine?: GqlOrderLineResolvers<ContextType>;
  Product?: GqlProductResolvers<ContextType>;
  PromisedQuantity?: GqlPromisedQuantityResolvers<ContextType>;
  Promise?: GqlPromiseResolvers<ContextType>;
  Batch?: GqlBatchResolvers<ContextType>;
  ProductConnection?: GqlProductConnectionResolvers<ContextType>;
  ProductEdge?: GqlProductEdgeResolvers<ContextType>;
  PageInfo?: GqlPageInfoResolvers<ContextType>;
  Date?: GraphQLScalarType;
  DateTime?: GraphQLScalarType;
  PositiveInt?: GraphQLScalarType;
  NonNegativeInt?: GraphQLScalarType;
  ConsistencyToken?: GraphQLScalarType;
  Subscription?: GqlSubscriptionResolvers<ContextType>;
};

export type GqlDirectiveResolvers<ContextType = ApiContext> = {
  shareable?: GqlShareableDirectiveResolver<any, any, ContextType>;
};
