-- up
-- Refreshes the planner's statistics of tables of this schema; ANALYZE itself needs their owner. A partitioned table is
-- analysed with its partitions.
create function customers.analyze_tables(tables regclass[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  analyzed regclass;
begin
  for analyzed in
    select oid from pg_class where oid = any(tables) and relnamespace = 'customers'::regnamespace
  loop
    execute format('analyze %s', analyzed);
  end loop;
end $$;
revoke all on function customers.analyze_tables(regclass[]) from public;
grant execute on function customers.analyze_tables(regclass[]) to plimsoll_app, plimsoll_system;

-- down
drop function customers.analyze_tables(regclass[]);
