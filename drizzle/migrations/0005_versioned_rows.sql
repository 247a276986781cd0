DROP INDEX "stock"."allocations_of_batch";--> statement-breakpoint
DROP INDEX "stock"."batches_sku";--> statement-breakpoint
DROP INDEX "stock"."receipts_age";--> statement-breakpoint
DROP INDEX "views"."availability_by_available";--> statement-breakpoint
ALTER TABLE "stock"."batches" DROP CONSTRAINT "batches_partition_reference_pk";--> statement-breakpoint
ALTER TABLE "views"."availability" DROP CONSTRAINT "availability_partition_sku_pk";--> statement-breakpoint
ALTER TABLE "views"."batches" DROP CONSTRAINT "batches_partition_reference_pk";--> statement-breakpoint
ALTER TABLE "views"."orders" DROP CONSTRAINT "orders_partition_order_id_pk";--> statement-breakpoint
ALTER TABLE "stock"."batches" ADD CONSTRAINT "batches_partition_reference_version_pk" PRIMARY KEY("partition","reference","version");--> statement-breakpoint
ALTER TABLE "views"."availability" ADD CONSTRAINT "availability_partition_sku_position_pk" PRIMARY KEY("partition","sku","position");--> statement-breakpoint
ALTER TABLE "views"."batches" ADD CONSTRAINT "batches_partition_reference_position_pk" PRIMARY KEY("partition","reference","position");--> statement-breakpoint
ALTER TABLE "views"."orders" ADD CONSTRAINT "orders_partition_order_id_position_pk" PRIMARY KEY("partition","order_id","position");--> statement-breakpoint
CREATE INDEX "allocations_of_batch" ON "stock"."allocations" USING btree ("partition","batch_reference","placed") WHERE "stock"."allocations"."batch_reference" is not null;--> statement-breakpoint
CREATE INDEX "batches_sku" ON "stock"."batches" USING btree ("partition","sku") WHERE "stock"."batches"."sku" is not null;--> statement-breakpoint
CREATE INDEX "receipts_age" ON "stock"."receipts" USING btree ("partition","recorded_at") WHERE "stock"."receipts"."recorded_at" is not null;--> statement-breakpoint
CREATE INDEX "availability_by_available" ON "views"."availability" USING btree ("partition","available","sku") WHERE "views"."availability"."available" is not null;