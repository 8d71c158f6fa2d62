-- up

alter table audit.events add column people text[];
comment on column audit.events.people is 'Whose encrypted values are in before and after: the persons of audit.person_keys.';
create index events_about_people on audit.events using gin (people) where people is not null;
create index events_newest_first on audit.events (tenant_id, id desc);
drop index audit.events_tenant_id_at_idx;

-- What no block holds yet. An event is told here in the statement that inserts it, so it is visible to the sealer when,
-- and only when, its transaction has committed: in whatever order that happens, and in any cluster it is restored to.
create table audit.unsealed (
  tenant_id text not null,
  event_id text not null,
  primary key (tenant_id, event_id)
);
select kernel.isolate_tenant('audit.unsealed');
revoke select, update, delete on audit.unsealed from plimsoll_app;
revoke update on audit.unsealed from plimsoll_system;

-- The chain: one row a block, whose hash covers every other column but the signature and the hash of the block before.
create table audit.blocks (
  tenant_id text not null,
  number bigint not null check (number >= 1),
  previous_hash text not null,
  events_hash text not null,
  event_count integer not null check (event_count >= 1),
  first_event_at text not null,
  last_event_at text not null,
  sealed_at text not null,
  public_key text not null,
  hash text not null,
  signature text not null,
  primary key (tenant_id, number)
);
select kernel.isolate_tenant('audit.blocks');
revoke insert, update, delete on audit.blocks from plimsoll_app;
revoke update, delete on audit.blocks from plimsoll_system;

-- Which events a block holds, in its order; goes when they go.
create table audit.block_events (
  tenant_id text not null,
  number bigint not null,
  event_ids text[] not null,
  event_hashes text[] not null,
  last_event_at timestamptz not null,
  primary key (tenant_id, number),
  foreign key (tenant_id, number) references audit.blocks
);
select kernel.isolate_tenant('audit.block_events');
revoke insert, update, delete on audit.block_events from plimsoll_app;
revoke update on audit.block_events from plimsoll_system;

-- Retention: no role of the product can delete what is younger than a month, whatever it is told.
grant delete on audit.events to plimsoll_system;
create policy only_old_events_go on audit.events as restrictive for delete to plimsoll_system
  using (at < now() - interval '30 days');
create policy only_old_blocks_go on audit.block_events as restrictive for delete to plimsoll_system
  using (last_event_at < now() - interval '30 days');

-- A person's own key, wrapped with the key of the installation. Erasing the person empties it and keeps the row, so that
-- they never get another.
create table audit.person_keys (
  tenant_id text not null,
  person text not null,
  wrapped_key text,
  created_at timestamptz not null,
  destroyed_at timestamptz,
  primary key (tenant_id, person),
  check ((wrapped_key is null) = (destroyed_at is not null))
);
select kernel.isolate_tenant('audit.person_keys');
revoke delete on audit.person_keys from plimsoll_app, plimsoll_system;

set local role plimsoll_system;
insert into audit.unsealed (tenant_id, event_id) select tenant_id, id from audit.events;
reset role;

-- down

drop policy only_old_events_go on audit.events;
revoke delete on audit.events from plimsoll_system;
drop table audit.person_keys, audit.block_events, audit.blocks, audit.unsealed;
drop index audit.events_about_people, audit.events_newest_first;
alter table audit.events drop column people;
create index on audit.events (tenant_id, at);
