-- up

create schema access;

create table access.tenants (
  tenant_id text primary key,
  name text not null,
  created_at timestamptz not null
);
select kernel.isolate_tenant('access.tenants');

create table access.api_keys (
  tenant_id text not null references access.tenants,
  key_id text not null,
  name text not null,
  prefix text not null,
  hash bytea not null unique,
  scopes text[] not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  primary key (tenant_id, key_id)
);
select kernel.isolate_tenant('access.api_keys');

-- down

drop schema access cascade;
