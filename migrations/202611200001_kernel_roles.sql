-- up

-- Roles belong to the whole server, so another database may have made them already.
do $$
declare
  role_name text;
begin
  foreach role_name in array array['plimsoll_app', 'plimsoll_system'] loop
    begin
      execute format('create role %I nologin nosuperuser nobypassrls', role_name);
    exception
      when duplicate_object or unique_violation then null;
    end;
    if not exists (
      select from pg_auth_members as membership
      join pg_roles as member on member.oid = membership.member
      join pg_roles as granted on granted.oid = membership.roleid
      where member.rolname = current_user and granted.rolname = role_name and membership.set_option
    ) then
      begin
        execute format('grant %I to current_user with inherit true, set true', role_name);
      exception
        when unique_violation then null;
      end;
    end if;
  end loop;
end
$$;

create schema if not exists kernel;
grant usage on schema kernel to plimsoll_app, plimsoll_system;

create function kernel.isolate_tenant(isolated regclass) returns void
language plpgsql
set search_path = pg_catalog
as $$
declare
  schema_name text;
  is_partition boolean;
  partition_name regclass;
begin
  if not exists (
    select from pg_attribute where attrelid = isolated and attname = 'tenant_id' and attnotnull and not attisdropped
  ) then
    raise exception 'table % has no tenant_id that is not null', isolated;
  end if;
  select n.nspname, c.relispartition into schema_name, is_partition
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where c.oid = isolated;

  execute format('alter table %s enable row level security', isolated);
  execute format('alter table %s force row level security', isolated);
  execute format('drop policy if exists tenant_rows on %s', isolated);
  execute format('drop policy if exists every_row on %s', isolated);
  execute format(
    'create policy tenant_rows on %s to plimsoll_app
       using (tenant_id = (select current_setting(''app.tenant_id'', true)))
       with check (tenant_id = (select current_setting(''app.tenant_id'', true)))', isolated);
  execute format('create policy every_row on %s to plimsoll_system using (true) with check (true)', isolated);
  execute format('grant usage on schema %I to plimsoll_app, plimsoll_system', schema_name);
  -- A partition is reached through its parent, whose grants and policies count; by its own name it is closed.
  if is_partition then
    execute format('revoke all on %s from plimsoll_app, plimsoll_system', isolated);
  else
    execute format('grant select, insert, update, delete on %s to plimsoll_app, plimsoll_system', isolated);
  end if;
  for partition_name in
    select inhrelid::regclass from pg_inherits where inhparent = isolated
  loop
    perform kernel.isolate_tenant(partition_name);
  end loop;
end
$$;
comment on function kernel.isolate_tenant(regclass) is
  'Binds a table, and its partitions of today, to app.tenant_id for plimsoll_app. Call it for each later partition too.';
revoke all on function kernel.isolate_tenant(regclass) from public;

create table kernel.idempotency_keys (
  tenant_id text not null,
  action text not null,
  key text not null,
  request_hash bytea not null,
  result jsonb,
  created_at timestamptz not null,
  primary key (tenant_id, action, key)
);
create index on kernel.idempotency_keys (created_at);
select kernel.isolate_tenant('kernel.idempotency_keys');

-- down

-- The roles stay: they belong to the whole server, and another database may be using them.
drop schema kernel cascade;
