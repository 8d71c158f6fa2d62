-- up

-- A caller that is no person: its keys outlive whoever made them, and end with it.
create table access.service_accounts (
  tenant_id text not null references access.tenants,
  service_account_id text not null,
  name text not null,
  scopes text[] not null,
  created_at timestamptz not null,
  disabled_at timestamptz,
  primary key (tenant_id, service_account_id)
);
select kernel.isolate_tenant('access.service_accounts');

-- A key is of the person who made it, of a service account, or, from the command line, of the tenant alone. Null bounds
-- bind nothing. A key that was made with another key ends with that.
alter table access.api_keys
  add user_id text,
  add service_account_id text,
  add made_with text,
  add servers text[],
  add toolsets text[],
  add networks text[],
  add read_only boolean not null default false,
  add constraint api_keys_one_owner check (user_id is null or service_account_id is null),
  add constraint api_keys_service_account foreign key (tenant_id, service_account_id) references access.service_accounts;
create index api_keys_by_user on access.api_keys (tenant_id, user_id) where user_id is not null;
create index api_keys_by_service_account on access.api_keys (tenant_id, service_account_id)
  where service_account_id is not null;
create index api_keys_by_parent on access.api_keys (tenant_id, made_with) where made_with is not null;

-- Whoever ends a key, and in whatever way: every process hears of it when it commits.
create function access.tell_key_revoked() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  perform pg_notify('access.key-revoked', encode(new.hash, 'hex'));
  return null;
end
$$;
create trigger tell_revoked after update of revoked_at on access.api_keys
  for each row when (old.revoked_at is null and new.revoked_at is not null)
  execute function access.tell_key_revoked();

-- Whoever leaves a tenant takes their keys along, for good: coming back does not bring them to life.
create function access.revoke_keys_of_former_member() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  update access.api_keys set revoked_at = now()
  where tenant_id = old.tenant_id and user_id = old.user_id and revoked_at is null;
  return null;
end
$$;
create trigger revoke_keys after delete on access.members
  for each row execute function access.revoke_keys_of_former_member();

-- down

drop trigger revoke_keys on access.members;
drop trigger tell_revoked on access.api_keys;
drop function access.revoke_keys_of_former_member(), access.tell_key_revoked();
alter table access.api_keys
  drop column user_id, drop column service_account_id, drop column made_with, drop column servers, drop column toolsets,
  drop column networks, drop column read_only;
drop table access.service_accounts;
