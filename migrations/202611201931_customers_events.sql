-- up
-- What people did in the product, one row an event, one partition a month. No foreign key: an event may come before
-- its customer, and checking one for every row would halve the speed of ingestion.
create table customers.usage_events (
  tenant_id text collate "C" not null,
  client_id text collate "C" not null,
  occurred_at timestamptz not null,
  message_id text collate "C" not null,
  event_name text not null,
  -- Who; null for what the account did as a whole.
  user_id text,
  feature text,
  session_id text,
  duration_seconds double precision,
  is_error boolean not null default false,
  -- How often, for sources that count instead of telling each time.
  quantity integer not null default 1,
  properties jsonb,
  source text not null default 'api',
  received_at timestamptz not null default now(),
  primary key (tenant_id, client_id, occurred_at, message_id)
) partition by range (occurred_at);
select kernel.isolate_tenant('customers.usage_events');

create table customers.usage_events_default partition of customers.usage_events default;
select kernel.isolate_tenant('customers.usage_events_default');

-- Makes the partition of a month (UTC) unless it is there. Any tenant may call it: it can only create months from 2015
-- to a quarter ahead. Says false, and changes nothing, for other months and where rows already went to the default
-- partition; those are found there all the same.
create function customers.ensure_usage_partition(month date) returns boolean
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
revoke all on function customers.ensure_usage_partition(date) from public;
grant execute on function customers.ensure_usage_partition(date) to plimsoll_app, plimsoll_system;

-- A message is accepted once, whatever time it carries the second time.
create table customers.event_receipts (
  tenant_id text collate "C" not null,
  message_id text collate "C" not null,
  received_at timestamptz not null default now(),
  primary key (tenant_id, message_id)
);
select kernel.isolate_tenant('customers.event_receipts');

-- Days whose rollups are older than their events.
create table customers.usage_dirty (
  tenant_id text collate "C" not null,
  client_id text collate "C" not null,
  day date not null,
  marked_at timestamptz not null default now(),
  primary key (tenant_id, client_id, day)
);
select kernel.isolate_tenant('customers.usage_dirty');

-- One customer's day (UTC). A day without events has no row.
create table customers.usage_daily (
  tenant_id text collate "C" not null,
  client_id text collate "C" not null,
  day date not null,
  events bigint not null,
  -- Distinct people; 0 where the source names nobody.
  active_users integer not null,
  sessions integer not null default 0,
  minutes double precision not null default 0,
  errors bigint not null default 0,
  -- Distinct features touched.
  features integer not null default 0,
  primary key (tenant_id, client_id, day)
);
create index usage_daily_by_day on customers.usage_daily (tenant_id, day);
select kernel.isolate_tenant('customers.usage_daily');

create table customers.usage_daily_features (
  tenant_id text collate "C" not null,
  client_id text collate "C" not null,
  day date not null,
  feature text not null,
  events bigint not null,
  active_users integer not null,
  minutes double precision not null default 0,
  errors bigint not null default 0,
  primary key (tenant_id, client_id, day, feature)
);
create index usage_daily_features_by_feature on customers.usage_daily_features (tenant_id, feature, day, client_id);
select kernel.isolate_tenant('customers.usage_daily_features');

create table customers.usage_daily_users (
  tenant_id text collate "C" not null,
  client_id text collate "C" not null,
  day date not null,
  user_id text not null,
  events bigint not null,
  minutes double precision not null default 0,
  -- Distinct features touched.
  features integer not null default 0,
  primary key (tenant_id, client_id, day, user_id)
);
select kernel.isolate_tenant('customers.usage_daily_users');

-- One customer's last `days` days up to and including `as_of`, beside the `days` before them: what a score of every
-- customer reads, so that it need not add up every day again. `as_of` is -infinity where a day has changed since.
create table customers.usage_windows (
  tenant_id text collate "C" not null,
  client_id text collate "C" not null,
  days smallint not null,
  as_of date not null,
  events bigint not null,
  events_before bigint not null,
  active_days smallint not null,
  active_days_before smallint not null,
  -- The busiest day's distinct people.
  active_users_peak integer not null,
  -- The last day with any use at all, however long ago; null when there never was one.
  last_day date,
  primary key (tenant_id, client_id, days)
);
select kernel.isolate_tenant('customers.usage_windows');

-- A window is out of date once a day of its customer changes, whoever changes it; the next score adds it up again.
create function customers.outdate_usage_windows() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update customers.usage_windows w set as_of = '-infinity' from (select distinct tenant_id, client_id from changed) c
  where w.tenant_id = c.tenant_id and w.client_id = c.client_id and w.as_of <> '-infinity';
  return null;
end $$;
create trigger outdate_windows_on_insert after insert on customers.usage_daily
  referencing new table as changed for each statement execute function customers.outdate_usage_windows();
create trigger outdate_windows_on_update after update on customers.usage_daily
  referencing new table as changed for each statement execute function customers.outdate_usage_windows();
create trigger outdate_windows_on_delete after delete on customers.usage_daily
  referencing old table as changed for each statement execute function customers.outdate_usage_windows();

-- down
drop table customers.usage_windows, customers.usage_daily_users, customers.usage_daily_features, customers.usage_daily, customers.usage_dirty, customers.event_receipts;
drop function customers.outdate_usage_windows();
drop function customers.ensure_usage_partition(date);
drop table customers.usage_events;
