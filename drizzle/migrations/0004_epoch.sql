-- The role of queries cannot read the log's tables. This tells it which history of the log it is, with the owner's rights.
CREATE FUNCTION "views"."read_epoch"() RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    select i.epoch from stock.installation i
  $$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "views"."read_epoch"() FROM PUBLIC;
