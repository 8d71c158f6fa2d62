-- up
-- How far an interrupted import got: written in the transaction that stored the rows it counts.
create table customers.import_checkpoints (
  tenant_id text collate "C" not null,
  mapping text collate "C" not null,
  -- Which step of which mapping over which bytes; another mapping or another file starts anew.
  step_hash text collate "C" not null,
  rows_done bigint not null,
  rows_inserted bigint not null,
  rows_updated bigint not null,
  updated_at timestamptz not null default now(),
  primary key (tenant_id, mapping, step_hash)
);
select kernel.isolate_tenant('customers.import_checkpoints');

-- The people that events name, and the customer each belongs to once somebody said so.
create table customers.tracked_users (
  tenant_id text collate "C" not null,
  -- The user id, or the anonymous id of somebody who has not signed in.
  user_id text collate "C" not null,
  client_id text collate "C",
  traits jsonb not null default '{}',
  updated_at timestamptz not null default now(),
  primary key (tenant_id, user_id)
);
select kernel.isolate_tenant('customers.tracked_users');

-- Events that came before anybody said whose customer their user, or their group, is. They move to usage_events then.
create table customers.unattributed_events (
  tenant_id text collate "C" not null,
  message_id text collate "C" not null,
  group_id text collate "C",
  user_id text collate "C",
  occurred_at timestamptz not null,
  event_name text not null,
  feature text,
  session_id text,
  duration_seconds double precision,
  is_error boolean not null default false,
  quantity integer not null default 1,
  properties jsonb,
  source text not null default 'api',
  received_at timestamptz not null default now(),
  primary key (tenant_id, message_id)
);
create index unattributed_events_by_user on customers.unattributed_events (tenant_id, user_id) where group_id is null;
create index unattributed_events_by_group on customers.unattributed_events (tenant_id, group_id) where group_id is not null;
select kernel.isolate_tenant('customers.unattributed_events');

-- down
drop table customers.unattributed_events, customers.tracked_users, customers.import_checkpoints;
