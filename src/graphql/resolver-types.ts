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
  /** A day of the calendar without a time zone, such as `2026-12-24`. */
  Date: { input: CalendarDate; output: CalendarDate; }
  /** A moment in UTC, such as `2026-12-24T18:30:00.000Z`. */
  DateTime: { input: globalThis.Date; output: globalThis.Date; }
  /** A whole number from 1 to 2147483647. */
  PositiveInt: { input: Quantity; output: Quantity; }
  /** A whole number from 0 to 2147483647. */
  NonNegativeInt: { input: Quantity; output: Quantity; }
  /**
   * A point in the log of all that happened. Every accepted command returns one; a query that is given it waits until
   * it can show that command's effect. Opaque: hand it back as it is. As an argument, the word `latest` stands for
   * everything that happened up to the moment of asking.
   *
   * A token belongs to an epoch of the log. A new epoch begins when the log was replaced, for example by a restored backup. A token
   * of another epoch, or of a point that the log has not reached, is refused at once with the code `LOG_REPLACED`, which is not
   * retryable: get a new token.
   */
  ConsistencyToken: { input: AskedToken; output: ConsistencyToken; }
};

/**
 * Commands. Each is decided once, and answered when the decision is durable. Sent again with the same `commandId` and the same
 * content, a command is not done again: it gets the answer it got before, with `replayed` true.
 */
export type GqlMutation = {
  /** Adds a batch of a product. The product exists from its first batch on. Waiting order lines get stock from it at once. */
  createBatch: GqlCreateBatchPayload;
  /**
   * Says how many units a batch has. If more are allocated, its newest order lines leave it until the rest fits; each gets
   * stock from another batch at once or is backordered. If it grows, waiting order lines get stock from it at once.
   */
  changeBatchQuantity: GqlChangeBatchQuantityPayload;
  /**
   * Gives an order line stock: all of it from the first batch that holds as much, in the warehouse or else the one that comes
   * first. The same line sent again is accepted and changes nothing.
   */
  allocate: GqlAllocatePayload;
  /** Takes an order line back, whether it has stock or waits for it. What it frees goes to waiting order lines at once. */
  deallocate: GqlDeallocatePayload;
};


/**
 * Commands. Each is decided once, and answered when the decision is durable. Sent again with the same `commandId` and the same
 * content, a command is not done again: it gets the answer it got before, with `replayed` true.
 */
export type GqlMutationCreateBatchArgs = {
  input: GqlCreateBatchInput;
};


/**
 * Commands. Each is decided once, and answered when the decision is durable. Sent again with the same `commandId` and the same
 * content, a command is not done again: it gets the answer it got before, with `replayed` true.
 */
export type GqlMutationChangeBatchQuantityArgs = {
  input: GqlChangeBatchQuantityInput;
};


/**
 * Commands. Each is decided once, and answered when the decision is durable. Sent again with the same `commandId` and the same
 * content, a command is not done again: it gets the answer it got before, with `replayed` true.
 */
export type GqlMutationAllocateArgs = {
  input: GqlAllocateInput;
};


/**
 * Commands. Each is decided once, and answered when the decision is durable. Sent again with the same `commandId` and the same
 * content, a command is not done again: it gets the answer it got before, with `replayed` true.
 */
export type GqlMutationDeallocateArgs = {
  input: GqlDeallocateInput;
};

/** The answer to a command. */
export type GqlCommandPayload = {
  /** The client's id for the command, or the one that was made for it. */
  commandId: Scalars['ID']['output'];
  /** The command's place in the log, to be handed to queries; null if it was refused. */
  token: Maybe<Scalars['ConsistencyToken']['output']>;
  /** Why it was refused; empty if it was accepted. A refused command changed nothing. */
  userErrors: Array<GqlUserError>;
  /** Whether this is the answer that an earlier command with this id got. */
  replayed: Scalars['Boolean']['output'];
  /** Queries whose answers show this command's effect. */
  query: GqlQuery;
};

/** A reason for which a command was refused. */
export type GqlUserError = {
  /** Which reason, for programs. */
  code: GqlUserErrorCode;
  /** Which reason, for people. */
  message: Scalars['String']['output'];
  /** The part of the input that it is about. */
  field: Maybe<Array<Scalars['String']['output']>>;
};

/** Every reason for which a command can be refused. */
export type GqlUserErrorCode =
  /** There is no product with this SKU. */
  | 'INVALID_SKU'
  /** No batch holds as much. */
  | 'OUT_OF_STOCK'
  /** There is a batch with this reference. */
  | 'BATCH_REFERENCE_TAKEN'
  /** There is no batch with this reference. */
  | 'BATCH_NOT_FOUND'
  /** The order has a line for this product, of another quantity. */
  | 'LINE_ALREADY_ALLOCATED'
  /** The order has no line for this product. */
  | 'LINE_NOT_ALLOCATED'
  /** Another command, with other content, has had this id. */
  | 'COMMAND_ID_REUSED'
  /** What the command was based upon has changed since. */
  | 'STALE_VERSION'
  /** All batches of a product together hold at most 2147483647 units. */
  | 'STOCK_LIMIT_EXCEEDED'
  /** One command moves at most 100000 order lines from batch to batch, or between a batch and the queue. */
  | 'TOO_MANY_LINES';

/** `INVALID_SKU` */
export type GqlInvalidSkuError = GqlUserError & {
  /** `INVALID_SKU` */
  code: GqlUserErrorCode;
  /** `Invalid sku X` */
  message: Scalars['String']['output'];
  /** The part of the input that it is about. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The SKU that there is no product for. */
  sku: Scalars['ID']['output'];
};

/** `OUT_OF_STOCK` */
export type GqlOutOfStockError = GqlUserError & {
  /** `OUT_OF_STOCK` */
  code: GqlUserErrorCode;
  /** `Out of stock for sku X` */
  message: Scalars['String']['output'];
  /** The part of the input that it is about. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The product. */
  sku: Scalars['ID']['output'];
  /** Units asked for. */
  requested: Scalars['Int']['output'];
  /** The most that one order line could be given, which is what the fullest batch has left. */
  available: Scalars['Int']['output'];
  /** The day by which all batches together will have held as much; null if they do not. */
  earliestDate: Maybe<Scalars['Date']['output']>;
};

/** `BATCH_REFERENCE_TAKEN` */
export type GqlBatchReferenceTakenError = GqlUserError & {
  /** `BATCH_REFERENCE_TAKEN` */
  code: GqlUserErrorCode;
  /** Which reason, for people. */
  message: Scalars['String']['output'];
  /** The part of the input that it is about. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The reference. */
  reference: Scalars['ID']['output'];
};

/** `BATCH_NOT_FOUND` */
export type GqlBatchNotFoundError = GqlUserError & {
  /** `BATCH_NOT_FOUND` */
  code: GqlUserErrorCode;
  /** Which reason, for people. */
  message: Scalars['String']['output'];
  /** The part of the input that it is about. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The reference. */
  reference: Scalars['ID']['output'];
};

/** `LINE_ALREADY_ALLOCATED` */
export type GqlLineAlreadyAllocatedError = GqlUserError & {
  /** `LINE_ALREADY_ALLOCATED` */
  code: GqlUserErrorCode;
  /** Which reason, for people. */
  message: Scalars['String']['output'];
  /** The part of the input that it is about. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The order. */
  orderId: Scalars['ID']['output'];
  /** The product. */
  sku: Scalars['ID']['output'];
  /** Units of the line that there is. */
  quantity: Scalars['Int']['output'];
};

/** `LINE_NOT_ALLOCATED` */
export type GqlLineNotAllocatedError = GqlUserError & {
  /** `LINE_NOT_ALLOCATED` */
  code: GqlUserErrorCode;
  /** Which reason, for people. */
  message: Scalars['String']['output'];
  /** The part of the input that it is about. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The order. */
  orderId: Scalars['ID']['output'];
  /** The product. */
  sku: Scalars['ID']['output'];
};

/** `COMMAND_ID_REUSED` */
export type GqlCommandIdReusedError = GqlUserError & {
  /** `COMMAND_ID_REUSED` */
  code: GqlUserErrorCode;
  /** Which reason, for people. */
  message: Scalars['String']['output'];
  /** The part of the input that it is about. */
  field: Maybe<Array<Scalars['String']['output']>>;
};

/** `STALE_VERSION` */
export type GqlStaleVersionError = GqlUserError & {
  /** `STALE_VERSION` */
  code: GqlUserErrorCode;
  /** Which reason, for people. */
  message: Scalars['String']['output'];
  /** The part of the input that it is about. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** The version that the command was based upon. */
  expectedVersion: Scalars['String']['output'];
  /** The version that there is. */
  actualVersion: Scalars['String']['output'];
};

/** `STOCK_LIMIT_EXCEEDED` */
export type GqlStockLimitExceededError = GqlUserError & {
  /** `STOCK_LIMIT_EXCEEDED` */
  code: GqlUserErrorCode;
  /** Which reason, for people. */
  message: Scalars['String']['output'];
  /** The part of the input that it is about. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** Units that all batches of the product together may hold. */
  limit: Scalars['Int']['output'];
};

/** `TOO_MANY_LINES` */
export type GqlTooManyLinesError = GqlUserError & {
  /** `TOO_MANY_LINES` */
  code: GqlUserErrorCode;
  /** Which reason, for people. */
  message: Scalars['String']['output'];
  /** The part of the input that it is about. */
  field: Maybe<Array<Scalars['String']['output']>>;
  /** Order lines that one command may move. */
  limit: Scalars['Int']['output'];
};

/** What `createBatch` is told. */
export type GqlCreateBatchInput = {
  /** The name of the batch: 1 to 255 characters, none of them control characters, unique among all batches. */
  reference: Scalars['ID']['input'];
  /** The product: 1 to 255 characters, none of them control characters. */
  sku: Scalars['ID']['input'];
  /** Units in the batch. */
  quantity: Scalars['PositiveInt']['input'];
  /** The day on which it is expected; leave it out, or null, if it is in the warehouse. */
  eta?: InputMaybe<Scalars['Date']['input']>;
  /** Any id of 1 to 255 characters that makes this command safe to be sent again. One is made if it is left out. */
  commandId?: InputMaybe<Scalars['ID']['input']>;
};

/** The answer to `createBatch`. */
export type GqlCreateBatchPayload = GqlCommandPayload & {
  /** The client's id for the command, or the one that was made for it. */
  commandId: Scalars['ID']['output'];
  /** The command's place in the log, to be handed to queries; null if it was refused. */
  token: Maybe<Scalars['ConsistencyToken']['output']>;
  /** Why it was refused; empty if it was accepted. */
  userErrors: Array<GqlUserError>;
  /** Whether this is the answer that an earlier command with this id got. */
  replayed: Scalars['Boolean']['output'];
  /** Queries whose answers show this command's effect. */
  query: GqlQuery;
};

/** What `changeBatchQuantity` is told. */
export type GqlChangeBatchQuantityInput = {
  /** The batch. */
  reference: Scalars['ID']['input'];
  /** Units that it has from now on, whatever is allocated of them. */
  quantity: Scalars['NonNegativeInt']['input'];
  /** Why, for the ledger: at most 500 characters. */
  reason?: InputMaybe<Scalars['String']['input']>;
  /** The `Batch.version` that the decision is based upon: if the batch has changed since, the command is refused. */
  expectedVersion?: InputMaybe<Scalars['String']['input']>;
  /** Any id of 1 to 255 characters that makes this command safe to be sent again. One is made if it is left out. */
  commandId?: InputMaybe<Scalars['ID']['input']>;
};

/** The answer to `changeBatchQuantity`. */
export type GqlChangeBatchQuantityPayload = GqlCommandPayload & {
  /** The client's id for the command, or the one that was made for it. */
  commandId: Scalars['ID']['output'];
  /** The command's place in the log, to be handed to queries; null if it was refused. */
  token: Maybe<Scalars['ConsistencyToken']['output']>;
  /** Why it was refused; empty if it was accepted. */
  userErrors: Array<GqlUserError>;
  /** Whether this is the answer that an earlier command with this id got. */
  replayed: Scalars['Boolean']['output'];
  /** Queries whose answers show this command's effect. */
  query: GqlQuery;
};

/** What `allocate` is told. */
export type GqlAllocateInput = {
  /** The order: 1 to 255 characters, none of them control characters. */
  orderId: Scalars['ID']['input'];
  /** The product. An order has one line a product. */
  sku: Scalars['ID']['input'];
  /** Units ordered. */
  quantity: Scalars['PositiveInt']['input'];
  /** Any id of 1 to 255 characters that makes this command safe to be sent again. One is made if it is left out. */
  commandId?: InputMaybe<Scalars['ID']['input']>;
};

/** The answer to `allocate`. */
export type GqlAllocatePayload = GqlCommandPayload & {
  /** The client's id for the command, or the one that was made for it. */
  commandId: Scalars['ID']['output'];
  /** The command's place in the log, to be handed to queries; null if it was refused. */
  token: Maybe<Scalars['ConsistencyToken']['output']>;
  /** Why it was refused; empty if it was accepted. */
  userErrors: Array<GqlUserError>;
  /** Whether this is the answer that an earlier command with this id got. */
  replayed: Scalars['Boolean']['output'];
  /** Queries whose answers show this command's effect. */
  query: GqlQuery;
  /** The batch that the line's units come from; null if it was refused, or if the line had been accepted before and is backordered. */
  batchReference: Maybe<Scalars['ID']['output']>;
};

/** What `deallocate` is told. */
export type GqlDeallocateInput = {
  /** The order. */
  orderId: Scalars['ID']['input'];
  /** The product of the line to take back. */
  sku: Scalars['ID']['input'];
  /** Any id of 1 to 255 characters that makes this command safe to be sent again. One is made if it is left out. */
  commandId?: InputMaybe<Scalars['ID']['input']>;
};

/** The answer to `deallocate`. */
export type GqlDeallocatePayload = GqlCommandPayload & {
  /** The client's id for the command, or the one that was made for it. */
  commandId: Scalars['ID']['output'];
  /** The command's place in the log, to be handed to queries; null if it was refused. */
  token: Maybe<Scalars['ConsistencyToken']['output']>;
  /** Why it was refused; empty if it was accepted. */
  userErrors: Array<GqlUserError>;
  /** Whether this is the answer that an earlier command with this id got. */
  replayed: Scalars['Boolean']['output'];
  /** Queries whose answers show this command's effect. */
  query: GqlQuery;
};

/** Questions, answered from projections: each as of some point in the log, none from the tables that commands change. */
export type GqlQuery = {
  /** The ledger of a product: everything that ever moved its stock, oldest first, a page at a time. */
  stockMovements: GqlStockMovementConnection;
  /** How far each projection is behind the log. Every other query reads from one of them. */
  projections: Array<GqlProjection>;
  /** One order by its id; null if no line of it has ever been allocated. */
  order: Maybe<GqlOrder>;
  /** One product by its SKU; null if there has never been a batch of it. */
  product: Maybe<GqlProduct>;
  /** All products, a page at a time. */
  products: GqlProductConnection;
  /** One batch by its reference; null if there is none. */
  batch: Maybe<GqlBatch>;
};


/** Questions, answered from projections: each as of some point in the log, none from the tables that commands change. */
export type GqlQueryStockMovementsArgs = {
  sku: Scalars['ID']['input'];
  first: InputMaybe<Scalars['Int']['input']>;
  after: InputMaybe<Scalars['String']['input']>;
  last: InputMaybe<Scalars['Int']['input']>;
  before: InputMaybe<Scalars['String']['input']>;
  consistentWith: InputMaybe<Scalars['ConsistencyToken']['input']>;
};


/** Questions, answered from projections: each as of some point in the log, none from the tables that commands change. */
export type GqlQueryOrderArgs = {
  id: Scalars['ID']['input'];
  consistentWith: InputMaybe<Scalars['ConsistencyToken']['input']>;
};


/** Questions, answered from projections: each as of some point in the log, none from the tables that commands change. */
export type GqlQueryProductArgs = {
  sku: Scalars['ID']['input'];
  consistentWith: InputMaybe<Scalars['ConsistencyToken']['input']>;
};


/** Questions, answered from projections: each as of some point in the log, none from the tables that commands change. */
export type GqlQueryProductsArgs = {
  filter: InputMaybe<GqlProductFilter>;
  orderBy: InputMaybe<GqlProductOrder>;
  first: InputMaybe<Scalars['Int']['input']>;
  after: InputMaybe<Scalars['String']['input']>;
  last: InputMaybe<Scalars['Int']['input']>;
  before: InputMaybe<Scalars['String']['input']>;
  consistentWith: InputMaybe<Scalars['ConsistencyToken']['input']>;
};


/** Questions, answered from projections: each as of some point in the log, none from the tables that commands change. */
export type GqlQueryBatchArgs = {
  reference: Scalars['ID']['input'];
  consistentWith: InputMaybe<Scalars['ConsistencyToken']['input']>;
};

/** One entry of the ledger. What follows on it begins with the `availableAfter` of this one. */
export type GqlStockMovement = {
  /** Where it stands in the log. Rises from one movement to the next, without a gap in the log as a whole. */
  position: Scalars['String']['output'];
  /** The product. */
  sku: Scalars['ID']['output'];
  /** What happened. */
  type: GqlMovementType;
  /** Units concerned; negative where a batch shrank. */
  quantity: Scalars['Int']['output'];
  /** The batch concerned; null for a line that waits. */
  batchReference: Maybe<Scalars['ID']['output']>;
  /** The order concerned, if one is. */
  orderId: Maybe<Scalars['ID']['output']>;
  /** Why: what the command gave as its reason; for `DEALLOCATED`, `REQUESTED` or `BATCH_REDUCED`. */
  reason: Maybe<Scalars['String']['output']>;
  /** The id of the command that caused it: the client's own, if it gave one. */
  reference: Maybe<Scalars['String']['output']>;
  /** `Product.available` before it. */
  availableBefore: Scalars['Int']['output'];
  /** `Product.available` after it. */
  availableAfter: Scalars['Int']['output'];
  /** When it was decided. */
  recordedAt: Scalars['DateTime']['output'];
};

/** What moved, or did not move, a product's stock. */
export type GqlMovementType =
  /** A batch was created. */
  | 'BATCH_CREATED'
  /** A batch grew or shrank. */
  | 'BATCH_QUANTITY_CHANGED'
  /** Units of a batch were given to an order line. */
  | 'ALLOCATED'
  /** Units went back from an order line to their batch. */
  | 'DEALLOCATED'
  /** An order line lost its batch and found no other; it waits. */
  | 'BACKORDERED'
  /** An order line that waited was taken back. */
  | 'BACKORDER_CANCELLED';

/** A page of the ledger. */
export type GqlStockMovementConnection = {
  /** The movements of the page, each with its cursor. */
  edges: Array<GqlStockMovementEdge>;
  /** The movements of the page. */
  nodes: Array<GqlStockMovement>;
  /** Whether there is more, and where to go on. */
  pageInfo: GqlPageInfo;
};

/** A movement in a page. */
export type GqlStockMovementEdge = {
  /** Where the movement stands in the list, and in `stockMoved`. */
  cursor: Scalars['String']['output'];
  /** The movement. */
  node: GqlStockMovement;
};

/**
 * A read model that follows from the log: `availability` (products), `batches`, `orders` and `movements`. Where the log
 * has several partitions, the numbers are sums over them.
 */
export type GqlProjection = {
  /** Which one. */
  name: Scalars['String']['output'];
  /** How many events it has taken. */
  position: Scalars['String']['output'];
  /** How many events there are. */
  head: Scalars['String']['output'];
  /** Events that it has not taken yet. */
  lag: Scalars['Int']['output'];
  /** For how long the first of those has been waiting, in milliseconds; 0 if there is none. */
  lagMs: Scalars['Int']['output'];
  /** Whether it keeps up. */
  status: GqlProjectionStatus;
};

/** Whether a projection keeps up with the log. */
export type GqlProjectionStatus =
  /** It does. */
  | 'LIVE'
  /** It is more than a second behind, and at work. */
  | 'CATCHING_UP'
  /** It met an event that it cannot take and stands still until an operator has seen to it. */
  | 'STOPPED';

/** An order with the lines that have been accepted and not taken back. */
export type GqlOrder = {
  /** The id that the shop gave it. */
  id: Scalars['ID']['output'];
  /** Its lines, in the order in which they were first allocated. */
  lines: Array<GqlOrderLine>;
};


/** An order with the lines that have been accepted and not taken back. */
export type GqlOrderLinesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after: InputMaybe<Scalars['ID']['input']>;
};

/** So many units of one product within an order. */
export type GqlOrderLine = {
  /** The product. */
  sku: Scalars['ID']['output'];
  /** Units ordered. */
  quantity: Scalars['Int']['output'];
  /** Whether there is stock for it. */
  status: GqlLineStatus;
  /** The batch that its units come from; null while it is backordered. */
  batchReference: Maybe<Scalars['ID']['output']>;
  /** The day on which that batch is expected; null if it is in the warehouse, or if the line is backordered. */
  eta: Maybe<Scalars['Date']['output']>;
};

/** How far an order line is. */
export type GqlLineStatus =
  /** Units of a batch are set aside for it. */
  | 'ALLOCATED'
  /**
   * It lost its batch and no other could take it. It is not forgotten: it gets stock as soon as one batch can hold all of
   * it, those that were ordered first coming first.
   */
  | 'BACKORDERED'
  /** It has left the warehouse. */
  | 'SHIPPED';

/** What there is of a product, what is left of it, and when more comes. */
export type GqlProduct = {
  /** The stock keeping unit: which product this is. */
  sku: Scalars['ID']['output'];
  /** What a product page says at a glance. */
  status: GqlStockStatus;
  /** Units in the warehouse, whoever they are for. */
  onHand: Scalars['Int']['output'];
  /** Units given to order lines, from the warehouse or from what is on its way. */
  allocated: Scalars['Int']['output'];
  /** Units held for a while, for a basket say, and not given to an order line yet. */
  reserved: Scalars['Int']['output'];
  /** Units that can be had now: those in the warehouse that are neither allocated nor reserved. */
  available: Scalars['Int']['output'];
  /** Units on their way, whoever they are for. */
  incoming: Scalars['Int']['output'];
  /** What is left and when it can be had, soonest first; days on which nothing comes free are left out. */
  availableToPromise: Array<GqlPromisedQuantity>;
  /**
   * The first time by which so many units can be had, counting every batch that has come by then; null if all
   * batches together do not hold as many. One order line is filled from one batch, so a quantity that no single batch
   * holds takes several lines.
   */
  earliestDate: Maybe<GqlPromise>;
  /** The batches of the product, in the order in which stock is given away: warehouse, then earliest ETA, then reference. */
  batches: Array<GqlBatch>;
  /** Which state of the product this is. Rises with every change; compare as whole numbers. */
  version: Scalars['String']['output'];
  /** When the product last changed. */
  updatedAt: Scalars['DateTime']['output'];
};


/** What there is of a product, what is left of it, and when more comes. */
export type GqlProductAvailableToPromiseArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
};


/** What there is of a product, what is left of it, and when more comes. */
export type GqlProductEarliestDateArgs = {
  quantity: Scalars['PositiveInt']['input'];
};


/** What there is of a product, what is left of it, and when more comes. */
export type GqlProductBatchesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after: InputMaybe<Scalars['ID']['input']>;
};

/** What a product page says at a glance. */
export type GqlStockStatus =
  /** More than 5 units can be had now. */
  | 'IN_STOCK'
  /** 1 to 5 units can be had now. */
  | 'LOW_STOCK'
  /** Nothing can be had now, and more is on its way. */
  | 'INCOMING'
  /** Nothing can be had, now or from what is on its way. */
  | 'OUT_OF_STOCK';

/** Units that come free at one time. */
export type GqlPromisedQuantity = {
  /** The day; null means now. */
  date: Maybe<Scalars['Date']['output']>;
  /** Units that come free at this time. */
  quantity: Scalars['Int']['output'];
  /** These units and those of all earlier times. */
  cumulative: Scalars['Int']['output'];
};

/** A time by which something can be had. */
export type GqlPromise = {
  /** True if it can be had now. */
  now: Scalars['Boolean']['output'];
  /** The day by which it can be had; null if now. */
  date: Maybe<Scalars['Date']['output']>;
};

/** A quantity of one product that was bought or made together. */
export type GqlBatch = {
  /** The name of the batch, unique among all batches. */
  reference: Scalars['ID']['output'];
  /** The product that it is of. */
  sku: Scalars['ID']['output'];
  /** The day on which it is expected; null if it is in the warehouse. */
  eta: Maybe<Scalars['Date']['output']>;
  /** Units in the batch. */
  purchased: Scalars['Int']['output'];
  /** Units of it given to order lines. */
  allocated: Scalars['Int']['output'];
  /** Units of it held for a while. */
  reserved: Scalars['Int']['output'];
  /** Units of it that can still be given away. */
  available: Scalars['Int']['output'];
  /** Which state of the batch this is. Rises with every change; `changeBatchQuantity` takes it as `expectedVersion`. */
  version: Scalars['String']['output'];
};

/** Which products to list; what is given must all hold. */
export type GqlProductFilter = {
  /** Only products with one of these SKUs; at most 100. */
  skus?: InputMaybe<Array<Scalars['ID']['input']>>;
  /** Only products whose SKU begins with this, upper and lower case told apart. */
  skuStartsWith?: InputMaybe<Scalars['String']['input']>;
  /** Only products in one of these states. */
  status?: InputMaybe<Array<GqlStockStatus>>;
};

/** The order in which to list products. */
export type GqlProductOrder = {
  /** What to compare. */
  field: GqlProductOrderField;
  /** Which way round. */
  direction?: GqlOrderDirection;
};

/** What products are ordered by; equal ones by SKU. */
export type GqlProductOrderField =
  /** The SKU, character by character. */
  | 'SKU'
  /** Units that can be had now. */
  | 'AVAILABLE';

/** Which way round to list. */
export type GqlOrderDirection =
  /** Smallest first. */
  | 'ASC'
  /** Largest first. */
  | 'DESC';

/** A page of products. */
export type GqlProductConnection = {
  /** The products of the page, each with its cursor. */
  edges: Array<GqlProductEdge>;
  /** The products of the page. */
  nodes: Array<GqlProduct>;
  /** Whether there is more, and where to go on. */
  pageInfo: GqlPageInfo;
};

/** A product in a page. */
export type GqlProductEdge = {
  /** Where the product stands in the list. */
  cursor: Scalars['String']['output'];
  /** The product. */
  node: GqlProduct;
};

/** Whether there is more before and after a page, and the cursors to get it with. */
export type GqlPageInfo = {
  /** Whether something comes after the page. */
  hasNextPage: Scalars['Boolean']['output'];
  /** Whether something comes before the page. */
  hasPreviousPage: Scalars['Boolean']['output'];
  /** The first cursor of the page; null if it is empty. */
  startCursor: Maybe<Scalars['String']['output']>;
  /** The last cursor of the page; null if it is empty. */
  endCursor: Maybe<Scalars['String']['output']>;
};

/**
 * Changes as they are projected: over WebSocket (`graphql-transport-ws`), as server-sent events (`Accept: text/event-stream`), or as
 * a multipart answer (`Accept: multipart/mixed;subscriptionSpec=1.0`). Each result says in `extensions.cursor` where a client that
 * was cut off goes on: sent back as `extensions.after`, or by an `EventSource` as `Last-Event-ID`. The word `latest` stands for
 * what comes next.
 *
 * The cursor begins with the epoch of the log, which also comes with `connection_ack`. A new epoch begins when the log was
 * replaced, for example by a restored backup: then versions and positions begin anew, and can be lower than before. A client that
 * compares versions compares them within an epoch. A cursor of another epoch, or of a point that the log has not reached, is
 * refused with the code `LOG_REPLACED`: start anew without it.
 */
export type GqlSubscription = {
  /**
   * The present state of each product, then its every change. `version` only rises within an epoch; it stays where an operator has
   * had a state corrected that was wrong. When a new epoch begins, the present state comes again, with a cursor of that epoch; if
   * one of the products does not exist in it, the subscription ends with `LOG_REPLACED`. To a client that cannot keep up, a newer state of a product replaces an older one; the last one
   * always arrives. A product that does not exist yet is sent once it does.
   */
  availabilityChanged: GqlProduct;
  /** The present state of an order, without lines if it is not known yet, then its every change, as `availabilityChanged` does. */
  allocationChanged: GqlOrder;
  /**
   * The ledger as it is written: every movement, in order, none left out and none twice. A client too slow to take them is
   * disconnected with code 1013 and goes on with `after`. When a new epoch begins, it ends with `LOG_REPLACED`.
   */
  stockMoved: GqlStockMovement;
  /** How far each projection is, whenever that changes, at most 4 times a second each. */
  projectionProgressed: GqlProjection;
};


/**
 * Changes as they are projected: over WebSocket (`graphql-transport-ws`), as server-sent events (`Accept: text/event-stream`), or as
 * a multipart answer (`Accept: multipart/mixed;subscriptionSpec=1.0`). Each result says in `extensions.cursor` where a client that
 * was cut off goes on: sent back as `extensions.after`, or by an `EventSource` as `Last-Event-ID`. The word `latest` stands for
 * what comes next.
 *
 * The cursor begins with the epoch of the log, which also comes with `connection_ack`. A new epoch begins when the log was
 * replaced, for example by a restored backup: then versions and positions begin anew, and can be lower than before. A client that
 * compares versions compares them within an epoch. A cursor of another epoch, or of a point that the log has not reached, is
 * refused with the code `LOG_REPLACED`: start anew without it.
 */
export type GqlSubscriptionAvailabilityChangedArgs = {
  skus: Array<Scalars['ID']['input']>;
};


/**
 * Changes as they are projected: over WebSocket (`graphql-transport-ws`), as server-sent events (`Accept: text/event-stream`), or as
 * a multipart answer (`Accept: multipart/mixed;subscriptionSpec=1.0`). Each result says in `extensions.cursor` where a client that
 * was cut off goes on: sent back as `extensions.after`, or by an `EventSource` as `Last-Event-ID`. The word `latest` stands for
 * what comes next.
 *
 * The cursor begins with the epoch of the log, which also comes with `connection_ack`. A new epoch begins when the log was
 * replaced, for example by a restored backup: then versions and positions begin anew, and can be lower than before. A client that
 * compares versions compares them within an epoch. A cursor of another epoch, or of a point that the log has not reached, is
 * refused with the code `LOG_REPLACED`: start anew without it.
 */
export type GqlSubscriptionAllocationChangedArgs = {
  orderId: Scalars['ID']['input'];
};


/**
 * Changes as they are projected: over WebSocket (`graphql-transport-ws`), as server-sent events (`Accept: text/event-stream`), or as
 * a multipart answer (`Accept: multipart/mixed;subscriptionSpec=1.0`). Each result says in `extensions.cursor` where a client that
 * was cut off goes on: sent back as `extensions.after`, or by an `EventSource` as `Last-Event-ID`. The word `latest` stands for
 * what comes next.
 *
 * The cursor begins with the epoch of the log, which also comes with `connection_ack`. A new epoch begins when the log was
 * replaced, for example by a restored backup: then versions and positions begin anew, and can be lower than before. A client that
 * compares versions compares them within an epoch. A cursor of another epoch, or of a point that the log has not reached, is
 * refused with the code `LOG_REPLACED`: start anew without it.
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
