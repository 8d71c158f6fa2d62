-- up

-- Takes a person out of the tenant of the transaction. The account itself goes, with all that is theirs everywhere, when
-- it is their own organisation that forgets them, or the last they were in. It runs as plimsoll_system, because a tenant
-- sees neither accounts nor the memberships of others; what it answers is whether the account went.
create function access.forget_person(person text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  tenant constant text := current_setting('app.tenant_id');
  address text;
  goes boolean;
begin
  select email into address from access.users where id = person for update;
  if address is null then
    return false;
  end if;
  goes := tenant = 'org_' || lower(regexp_replace(person, '^[^_]*_', ''));
  delete from access.members where tenant_id = tenant and user_id = person;
  if not found and not goes then
    return false;
  end if;
  if not goes then
    goes := not exists (select from access.members where user_id = person);
  end if;
  if goes then
    delete from access.verifications
    where value = person or strpos(value, person) > 0 or strpos(lower(identifier || ' ' || value), address) > 0;
    delete from access.users where id = person;
  end if;
  return goes;
end
$$;
revoke all on function access.forget_person(text) from public;
grant execute on function access.forget_person(text) to plimsoll_app, plimsoll_system;
grant create on schema access to plimsoll_system;
alter function access.forget_person(text) owner to plimsoll_system;
revoke create on schema access from plimsoll_system;

-- down

drop function access.forget_person(text);
