CREATE TABLE "stock"."batch_references" (
	"partition" integer NOT NULL,
	"reference" text collate "C" NOT NULL,
	"sku" text collate "C" NOT NULL,
	"claimed_at" timestamptz NOT NULL,
	CONSTRAINT "batch_references_partition_reference_pk" PRIMARY KEY("partition","reference")
);
--> statement-breakpoint
CREATE TABLE "stock"."stream_positions" (
	"partition" integer NOT NULL,
	"stream" text NOT NULL,
	"entry_id" text NOT NULL,
	"recorded_at" timestamptz NOT NULL,
	CONSTRAINT "stream_positions_partition_stream_pk" PRIMARY KEY("partition","stream")
);
--> statement-breakpoint
CREATE TABLE "views"."checkpoint_positions" (
	"partition" integer NOT NULL,
	"projection" text NOT NULL,
	"position" bigint NOT NULL,
	"tag" bigint NOT NULL,
	CONSTRAINT "checkpoint_positions_partition_projection_position_pk" PRIMARY KEY("partition","projection","position")
);
--> statement-breakpoint
DROP VIEW "views"."progress";--> statement-breakpoint
ALTER TABLE "stock"."batches" DROP CONSTRAINT "batches_reference_unique";--> statement-breakpoint
DROP INDEX "views"."availability_by_position";--> statement-breakpoint
DROP INDEX "views"."batches_by_position";--> statement-breakpoint
DROP INDEX "views"."orders_by_position";--> statement-breakpoint
DROP INDEX "stock"."allocations_of_batch";--> statement-breakpoint
DROP INDEX "stock"."allocations_waiting";--> statement-breakpoint
DROP INDEX "stock"."batches_sku";--> statement-breakpoint
DROP INDEX "stock"."receipts_age";--> statement-breakpoint
DROP INDEX "views"."availability_by_available";--> statement-breakpoint
DROP INDEX "views"."movements_of_product";--> statement-breakpoint
ALTER TABLE "stock"."allocations" DROP CONSTRAINT "allocations_order_id_sku_partition_pk";--> statement-breakpoint
ALTER TABLE "stock"."receipts" DROP CONSTRAINT "receipts_command_id_partition_pk";--> statement-breakpoint
ALTER TABLE "views"."checkpoints" DROP CONSTRAINT "checkpoints_projection_partition_pk";--> statement-breakpoint
ALTER TABLE "views"."skipped_events" DROP CONSTRAINT "skipped_events_projection_partition_position_pk";--> statement-breakpoint
ALTER TABLE "views"."availability" DROP CONSTRAINT "availability_sku_partition_pk";--> statement-breakpoint
ALTER TABLE "views"."batches" DROP CONSTRAINT "batches_reference_partition_pk";--> statement-breakpoint
ALTER TABLE "views"."orders" DROP CONSTRAINT "orders_order_id_partition_pk";--> statement-breakpoint
ALTER TABLE "stock"."allocations" ADD CONSTRAINT "allocations_partition_order_id_sku_pk" PRIMARY KEY("partition","order_id","sku");--> statement-breakpoint
ALTER TABLE "stock"."receipts" ADD CONSTRAINT "receipts_partition_command_id_pk" PRIMARY KEY("partition","command_id");--> statement-breakpoint
ALTER TABLE "views"."checkpoints" ADD CONSTRAINT "checkpoints_partition_projection_pk" PRIMARY KEY("partition","projection");--> statement-breakpoint
ALTER TABLE "views"."skipped_events" ADD CONSTRAINT "skipped_events_partition_projection_position_pk" PRIMARY KEY("partition","projection","position");--> statement-breakpoint
ALTER TABLE "views"."availability" ADD CONSTRAINT "availability_partition_sku_pk" PRIMARY KEY("partition","sku");--> statement-breakpoint
ALTER TABLE "views"."batches" ADD CONSTRAINT "batches_partition_reference_pk" PRIMARY KEY("partition","reference");--> statement-breakpoint
ALTER TABLE "views"."orders" ADD CONSTRAINT "orders_partition_order_id_pk" PRIMARY KEY("partition","order_id");--> statement-breakpoint
ALTER TABLE "stock"."events" ADD COLUMN "tag" bigint;--> statement-breakpoint
-- Of what was logged before there were tags, each command counts as a commit.
UPDATE "stock"."events" e SET "tag" = ('x' || substr(md5(gen_random_uuid()::text), 1, 16))::bit(64)::bigint
  WHERE e."command_id" IS DISTINCT FROM
    (SELECT n."command_id" FROM "stock"."events" n WHERE n."partition" = e."partition" AND n."position" = e."position" + 1);--> statement-breakpoint
INSERT INTO "views"."checkpoint_positions"
  SELECT c."partition", c."projection", c."position", coalesce(e."tag", 0)
  FROM "views"."checkpoints" c LEFT JOIN "stock"."events" e USING ("partition", "position") WHERE c."position" > 0;--> statement-breakpoint
ALTER TABLE "stock"."installation" ADD COLUMN "epoch" text DEFAULT substr(md5(gen_random_uuid()::text), 1, 10) NOT NULL;--> statement-breakpoint
CREATE INDEX "allocations_waiting_by_quantity" ON "stock"."allocations" USING btree ("partition","sku","quantity") WHERE "stock"."allocations"."batch_reference" is null;--> statement-breakpoint
CREATE INDEX "allocations_of_batch" ON "stock"."allocations" USING btree ("partition","batch_reference","placed");--> statement-breakpoint
CREATE INDEX "allocations_waiting" ON "stock"."allocations" USING btree ("partition","sku","placed") WHERE "stock"."allocations"."batch_reference" is null;--> statement-breakpoint
CREATE INDEX "batches_sku" ON "stock"."batches" USING btree ("partition","sku");--> statement-breakpoint
CREATE INDEX "receipts_age" ON "stock"."receipts" USING btree ("partition","recorded_at");--> statement-breakpoint
CREATE INDEX "availability_by_available" ON "views"."availability" USING btree ("partition","available","sku");--> statement-breakpoint
CREATE INDEX "movements_of_product" ON "views"."movements" USING btree ("partition","sku","position");--> statement-breakpoint
ALTER TABLE "stock"."log_partitions" DROP COLUMN "head";--> statement-breakpoint
ALTER TABLE "views"."checkpoints" DROP COLUMN "position";
--> statement-breakpoint
-- The role of queries cannot read the log. These two functions tell it the little that it needs, with their owner's rights.
CREATE FUNCTION "views"."read_progress"()
  RETURNS TABLE (projection text, "partition" integer, "position" bigint, tag bigint, head bigint, head_tag bigint,
    error text, waiting_since timestamptz, generation integer)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    select c.projection, c.partition, coalesce(reached.position, 0), coalesce(reached.tag, 0), coalesce(head.position, 0),
      coalesce(head.tag, 0), c.error, next.recorded_at, c.generation
    from views.checkpoints c
    left join lateral (
      select p.position, p.tag from views.checkpoint_positions p
      where p.partition = c.partition and p.projection = c.projection order by p.position desc limit 1
    ) reached on true
    left join lateral (
      select e.position, e.tag from stock.events e where e.partition = c.partition order by e.position desc limit 1
    ) head on true
    left join stock.events next
      on next.partition = c.partition and next.position = coalesce(reached.position, 0) + 1
    order by c.projection, c.partition
  $$;--> statement-breakpoint
CREATE FUNCTION "views"."tag_at"("partition" integer, "position" bigint) RETURNS bigint
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    select e.tag from stock.events e where e.partition = $1 and e.position = $2
  $$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "views"."read_progress"(), "views"."tag_at"(integer, bigint) FROM PUBLIC;
