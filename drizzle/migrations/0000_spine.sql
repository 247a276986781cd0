CREATE SCHEMA "stock";
--> statement-breakpoint
CREATE SCHEMA "views";
--> statement-breakpoint
CREATE TABLE "stock"."events" (
	"partition" integer NOT NULL,
	"position" bigint NOT NULL,
	"type" text NOT NULL,
	"data" json NOT NULL,
	"command_id" text collate "C" NOT NULL,
	"recorded_at" timestamptz NOT NULL,
	CONSTRAINT "events_partition_position_pk" PRIMARY KEY("partition","position"),
	CONSTRAINT "events_position_positive" CHECK ("stock"."events"."position" > 0)
);
--> statement-breakpoint
CREATE TABLE "stock"."installation" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stock"."log_partitions" (
	"partition" integer PRIMARY KEY NOT NULL,
	"head" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stock"."allocations" (
	"partition" integer NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"sku" text collate "C" NOT NULL,
	"quantity" integer NOT NULL,
	"batch_reference" text collate "C",
	"placed" bigint NOT NULL,
	CONSTRAINT "allocations_order_id_sku_partition_pk" PRIMARY KEY("order_id","sku","partition"),
	CONSTRAINT "allocations_quantity_positive" CHECK ("stock"."allocations"."quantity" > 0)
);
--> statement-breakpoint
CREATE TABLE "stock"."batches" (
	"partition" integer NOT NULL,
	"reference" text collate "C" NOT NULL,
	"sku" text collate "C" NOT NULL,
	"eta" date,
	"quantity" integer NOT NULL,
	"allocated" integer NOT NULL,
	"version" bigint NOT NULL,
	CONSTRAINT "batches_partition_reference_pk" PRIMARY KEY("partition","reference"),
	CONSTRAINT "batches_reference_unique" UNIQUE("reference"),
	CONSTRAINT "batches_not_oversold" CHECK (0 <= "stock"."batches"."allocated" and "stock"."batches"."allocated" <= "stock"."batches"."quantity")
);
--> statement-breakpoint
CREATE TABLE "stock"."receipts" (
	"command_id" text collate "C" NOT NULL,
	"partition" integer NOT NULL,
	"fingerprint" text NOT NULL,
	"position" bigint,
	"answer" json NOT NULL,
	"recorded_at" timestamptz NOT NULL,
	CONSTRAINT "receipts_command_id_partition_pk" PRIMARY KEY("command_id","partition")
);
--> statement-breakpoint
CREATE TABLE "views"."checkpoints" (
	"projection" text NOT NULL,
	"partition" integer NOT NULL,
	"position" bigint DEFAULT 0 NOT NULL,
	"generation" integer DEFAULT 0 NOT NULL,
	"error" text,
	CONSTRAINT "checkpoints_projection_partition_pk" PRIMARY KEY("projection","partition")
);
--> statement-breakpoint
CREATE TABLE "views"."skipped_events" (
	"projection" text NOT NULL,
	"partition" integer NOT NULL,
	"position" bigint NOT NULL,
	CONSTRAINT "skipped_events_projection_partition_position_pk" PRIMARY KEY("projection","partition","position")
);
--> statement-breakpoint
CREATE TABLE "views"."availability" (
	"sku" text collate "C" NOT NULL,
	"partition" integer NOT NULL,
	"position" bigint NOT NULL,
	"status" text NOT NULL,
	"on_hand" integer NOT NULL,
	"allocated" integer NOT NULL,
	"reserved" integer NOT NULL,
	"available" integer NOT NULL,
	"incoming" integer NOT NULL,
	"batches" jsonb NOT NULL,
	"updated_at" timestamptz NOT NULL,
	CONSTRAINT "availability_sku_partition_pk" PRIMARY KEY("sku","partition")
);
--> statement-breakpoint
CREATE TABLE "views"."batches" (
	"reference" text collate "C" NOT NULL,
	"partition" integer NOT NULL,
	"position" bigint NOT NULL,
	"sku" text collate "C" NOT NULL,
	"eta" date,
	"purchased" integer NOT NULL,
	"allocated" integer NOT NULL,
	"reserved" integer NOT NULL,
	"available" integer NOT NULL,
	CONSTRAINT "batches_reference_partition_pk" PRIMARY KEY("reference","partition")
);
--> statement-breakpoint
CREATE TABLE "views"."movements" (
	"partition" integer NOT NULL,
	"position" bigint NOT NULL,
	"sku" text collate "C" NOT NULL,
	"type" text NOT NULL,
	"quantity" integer NOT NULL,
	"batch_reference" text collate "C",
	"order_id" text collate "C",
	"reason" text,
	"reference" text collate "C" NOT NULL,
	"available_before" integer NOT NULL,
	"available_after" integer NOT NULL,
	"recorded_at" timestamptz NOT NULL,
	CONSTRAINT "movements_partition_position_pk" PRIMARY KEY("partition","position")
);
--> statement-breakpoint
CREATE TABLE "views"."orders" (
	"order_id" text collate "C" NOT NULL,
	"partition" integer NOT NULL,
	"position" bigint NOT NULL,
	"lines" jsonb NOT NULL,
	"updated_at" timestamptz NOT NULL,
	CONSTRAINT "orders_order_id_partition_pk" PRIMARY KEY("order_id","partition")
);
--> statement-breakpoint
CREATE INDEX "allocations_of_batch" ON "stock"."allocations" USING btree ("batch_reference","placed");--> statement-breakpoint
CREATE INDEX "allocations_waiting" ON "stock"."allocations" USING btree ("sku","placed") WHERE "stock"."allocations"."batch_reference" is null;--> statement-breakpoint
CREATE INDEX "batches_sku" ON "stock"."batches" USING btree ("sku");--> statement-breakpoint
CREATE INDEX "receipts_age" ON "stock"."receipts" USING brin ("recorded_at");--> statement-breakpoint
CREATE INDEX "availability_by_available" ON "views"."availability" USING btree ("available","sku");--> statement-breakpoint
CREATE INDEX "availability_by_position" ON "views"."availability" USING btree ("partition","position");--> statement-breakpoint
CREATE INDEX "batches_by_position" ON "views"."batches" USING btree ("partition","position");--> statement-breakpoint
CREATE INDEX "movements_of_product" ON "views"."movements" USING btree ("sku","position");--> statement-breakpoint
CREATE INDEX "orders_by_position" ON "views"."orders" USING btree ("partition","position");--> statement-breakpoint
CREATE VIEW "views"."progress" AS (select checkpoints.projection, checkpoints.partition, checkpoints.position, log_partitions.head,
      checkpoints.error, events.recorded_at as waiting_since
    from views.checkpoints
    join stock.log_partitions using (partition)
    left join stock.events on events.partition = checkpoints.partition
      and events.position = checkpoints.position + 1);