-- up

-- Where a person last worked is where they work when they sign in again: the sessions that knew it are gone by then.
alter table access.users add column last_tenant_id text;
update access.users as u set last_tenant_id = (
  select s.active_tenant_id from access.sessions s
  where s.user_id = u.id and s.active_tenant_id is not null
  order by s.updated_at desc limit 1
);

create function access.remember_tenant() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  update access.users set last_tenant_id = new.active_tenant_id
  where id = new.user_id and last_tenant_id is distinct from new.active_tenant_id;
  return null;
end
$$;
create trigger remember_tenant after insert or update of active_tenant_id on access.sessions
  for each row when (new.active_tenant_id is not null) execute function access.remember_tenant();

-- down

drop trigger remember_tenant on access.sessions;
drop function access.remember_tenant();
alter table access.users drop column last_tenant_id;
