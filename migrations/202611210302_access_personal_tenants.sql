-- up

-- Nobody is without an organisation: a person and their own one are made by the same statement, or neither is.
create function access.make_personal_tenant() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
declare
  own_tenant text := 'org_' || lower(regexp_replace(new.id, '^[^_]*_', ''));
begin
  insert into access.tenants (tenant_id, name, created_at) values (own_tenant, 'Personal', new.created_at);
  insert into access.members (tenant_id, id, user_id, role, created_at)
  values (own_tenant, 'mbr_' || lower(regexp_replace(new.id, '^[^_]*_', '')), new.id, 'owner', new.created_at);
  return null;
end
$$;
create trigger make_personal_tenant after insert on access.users
  for each row execute function access.make_personal_tenant();

-- A token that comes twice from one network within seconds is a retry; from another it is stolen.
alter table access.refresh_tokens add column used_network bytea;

-- down

alter table access.refresh_tokens drop column used_network;
drop trigger make_personal_tenant on access.users;
drop function access.make_personal_tenant();
