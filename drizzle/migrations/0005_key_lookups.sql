DROP INDEX "stock"."allocations_of_batch";--> statement-breakpoint
DROP INDEX "stock"."batches_sku";--> statement-breakpoint
DROP INDEX "stock"."receipts_age";--> statement-breakpoint
CREATE INDEX "allocations_of_batch" ON "stock"."allocations" USING btree ("partition","batch_reference","placed") WHERE "stock"."allocations"."batch_reference" is not null;--> statement-breakpoint
CREATE INDEX "batches_sku" ON "stock"."batches" USING btree ("partition","sku") WHERE "stock"."batches"."sku" is not null;--> statement-breakpoint
CREATE INDEX "receipts_age" ON "stock"."receipts" USING btree ("partition","recorded_at") WHERE "stock"."receipts"."recorded_at" is not null;