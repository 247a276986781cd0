-- The role of all queries: it can read the schema "views" and nothing else.
do $$
begin
  create role onhand_reader nologin;
exception
  when duplicate_object or unique_violation then null;
end
$$;
--> statement-breakpoint
grant onhand_reader to current_user;
--> statement-breakpoint
grant usage on schema views to onhand_reader;
--> statement-breakpoint
grant select on all tables in schema views to onhand_reader;
--> statement-breakpoint
alter default privileges in schema views grant select on tables to onhand_reader;
