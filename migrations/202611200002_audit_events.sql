-- up

create schema audit;

create table audit.events (
  tenant_id text not null,
  id text not null,
  at timestamptz not null,
  actor_kind text not null,
  actor_id text not null,
  action text not null,
  subject text not null,
  before jsonb,
  after jsonb,
  request_id text not null,
  outcome text not null,
  primary key (tenant_id, id)
);
create index on audit.events (tenant_id, at);
select kernel.isolate_tenant('audit.events');
-- What was recorded stays as it was recorded.
revoke update, delete on audit.events from plimsoll_app, plimsoll_system;

-- down

drop schema audit cascade;
