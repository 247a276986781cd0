-- The role of all queries is not made here, for roles belong to the whole cluster: `onhand migrate` sees to it.
select 1;
