CREATE OR REPLACE VIEW "views"."progress" AS (select checkpoints.projection, checkpoints.partition, checkpoints.position, log_partitions.head,
      checkpoints.error, events.recorded_at as waiting_since, checkpoints.generation
    from views.checkpoints
    join stock.log_partitions using (partition)
    left join stock.events on events.partition = checkpoints.partition
      and events.position = checkpoints.position + 1);
