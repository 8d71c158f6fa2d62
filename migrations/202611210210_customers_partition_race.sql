-- up
-- As before, but a month that another transaction made while this one waited for the lock is there, and that is all
-- that was asked: the second look may still see the catalogue as it was before the wait.
create or replace function customers.ensure_usage_partition(month date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  first_day constant date := date_trunc('month', month)::date;
  next_month constant date := (date_trunc('month', month) + interval '1 month')::date;
  partition constant text := 'usage_events_' || to_char(first_day, 'YYYYMM');
begin
  if first_day < date '2015-01-01' or first_day > (now() at time zone 'UTC')::date + 100 then
    return false;
  end if;
  if to_regclass('customers.' || partition) is not null then
    return true;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('customers.ensure_usage_partition', 0));
  execute format(
    'create table customers.%I partition of customers.usage_events for values from (%L) to (%L)',
    partition, first_day::text || ' 00:00:00+00', next_month::text || ' 00:00:00+00');
  perform kernel.isolate_tenant('customers.' || partition);
  return true;
exception
  when duplicate_table then return true;
  when check_violation then return false;
end $$;

-- down
create or replace function customers.ensure_usage_partition(month date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  first_day constant date := date_trunc('month', month)::date;
  next_month constant date := (date_trunc('month', month) + interval '1 month')::date;
  partition constant text := 'usage_events_' || to_char(first_day, 'YYYYMM');
begin
  if first_day < date '2015-01-01' or first_day > (now() at time zone 'UTC')::date + 100 then
    return false;
  end if;
  if to_regclass('customers.' || partition) is not null then
    return true;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('customers.ensure_usage_partition', 0));
  if to_regclass('customers.' || partition) is not null then
    return true;
  end if;
  execute format(
    'create table customers.%I partition of customers.usage_events for values from (%L) to (%L)',
    partition, first_day::text || ' 00:00:00+00', next_month::text || ' 00:00:00+00');
  perform kernel.isolate_tenant('customers.' || partition);
  return true;
exception when check_violation then
  return false;
end $$;
