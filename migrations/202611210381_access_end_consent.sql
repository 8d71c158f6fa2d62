-- up

-- Whoever takes back a consent takes back what the client got by it. Access tokens without a refresh token have no row:
-- processes ask again for all that they remember of the person there, and find no consent.
create or replace function access.end_oauth_consent() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  delete from access.oauth_refresh_tokens
    where client_id = old.client_id and user_id = old.user_id and reference_id is not distinct from old.reference_id;
  perform pg_notify('access.membership-changed', old.user_id || ' ' || old.reference_id);
  return null;
end
$$;

-- down

create or replace function access.end_oauth_consent() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  delete from access.oauth_refresh_tokens
    where client_id = old.client_id and user_id = old.user_id and reference_id is not distinct from old.reference_id;
  return null;
end
$$;
