ALTER TABLE "stock"."batches" DROP CONSTRAINT "batches_partition_reference_pk";--> statement-breakpoint
ALTER TABLE "views"."availability" DROP CONSTRAINT "availability_partition_sku_pk";--> statement-breakpoint
ALTER TABLE "views"."batches" DROP CONSTRAINT "batches_partition_reference_pk";--> statement-breakpoint
ALTER TABLE "views"."orders" DROP CONSTRAINT "orders_partition_order_id_pk";--> statement-breakpoint
ALTER TABLE "stock"."batches" ADD CONSTRAINT "batches_partition_reference_version_pk" PRIMARY KEY("partition","reference","version");--> statement-breakpoint
ALTER TABLE "views"."availability" ADD CONSTRAINT "availability_partition_sku_position_pk" PRIMARY KEY("partition","sku","position");--> statement-breakpoint
ALTER TABLE "views"."batches" ADD CONSTRAINT "batches_partition_reference_position_pk" PRIMARY KEY("partition","reference","position");--> statement-breakpoint
ALTER TABLE "views"."orders" ADD CONSTRAINT "orders_partition_order_id_position_pk" PRIMARY KEY("partition","order_id","position");