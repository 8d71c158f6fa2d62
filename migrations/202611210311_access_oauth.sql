-- up

-- Programs that act for people. They belong to no tenant: one client serves people of many.
create table access.oauth_clients (
  id text primary key,
  client_id text not null unique check (length(client_id) <= 2048),
  client_secret text,
  client_discovery_id text,
  disabled boolean default false,
  skip_consent boolean,
  enable_end_session boolean,
  subject_type text,
  scopes jsonb,
  client_credentials_scopes jsonb,
  user_id text references access.users on delete cascade,
  created_at timestamptz,
  updated_at timestamptz,
  name text,
  uri text,
  icon text,
  contacts jsonb,
  tos text,
  policy text,
  software_id text,
  software_version text,
  software_statement text,
  redirect_uris jsonb not null,
  post_logout_redirect_uris jsonb,
  backchannel_logout_uri text,
  backchannel_logout_session_required boolean,
  token_endpoint_auth_method text,
  application_type text,
  jwks text,
  jwks_uri text,
  grant_types jsonb,
  response_types jsonb,
  require_pkce boolean,
  dpop_bound_access_tokens boolean default false,
  reference_id text,
  metadata jsonb
);
create index on access.oauth_clients (user_id);

create table access.oauth_resources (
  id text primary key,
  identifier text not null unique,
  name text not null,
  access_token_ttl integer,
  refresh_token_ttl integer,
  signing_algorithm text,
  signing_key_id text,
  allowed_scopes jsonb,
  custom_claims jsonb,
  dpop_bound_access_tokens_required boolean default false,
  disabled boolean default false,
  created_at timestamptz,
  updated_at timestamptz,
  policy_version integer default 1,
  metadata jsonb
);

create table access.oauth_client_resources (
  id text primary key,
  client_id text not null references access.oauth_clients (client_id) on delete cascade,
  resource_id text not null references access.oauth_resources (identifier) on delete cascade,
  metadata jsonb,
  created_at timestamptz,
  unique (client_id, resource_id)
);

-- What a client may do ends with the session in which the person agreed to it.
create table access.oauth_refresh_tokens (
  id text primary key,
  token text not null unique,
  client_id text not null references access.oauth_clients (client_id) on delete cascade,
  session_id text not null references access.sessions on delete cascade,
  user_id text not null references access.users on delete cascade,
  reference_id text,
  -- The hash of the code that it all began with: what access tokens name as their grant.
  authorization_code_id text not null,
  resources jsonb,
  requested_user_info_claims jsonb,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  revoked timestamptz,
  rotated_at timestamptz,
  rotation_replay_response text,
  rotation_replay_expires_at timestamptz,
  auth_time timestamptz,
  confirmation jsonb,
  scopes jsonb not null
);
create index on access.oauth_refresh_tokens (session_id);
create index on access.oauth_refresh_tokens (client_id, user_id);
create index on access.oauth_refresh_tokens (user_id);
create index on access.oauth_refresh_tokens (authorization_code_id);
create index on access.oauth_refresh_tokens (expires_at);

-- The library has a place for opaque access tokens. None is ever good here: access tokens are signed.
create table access.oauth_access_tokens (
  id text primary key,
  token text not null unique,
  client_id text not null references access.oauth_clients (client_id) on delete cascade,
  session_id text references access.sessions on delete cascade,
  user_id text references access.users on delete cascade,
  reference_id text,
  authorization_code_id text,
  resources jsonb,
  requested_user_info_claims jsonb,
  refresh_id text references access.oauth_refresh_tokens on delete cascade,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  revoked timestamptz,
  confirmation jsonb,
  scopes jsonb not null
);
create index on access.oauth_access_tokens (client_id);
create index on access.oauth_access_tokens (session_id);
create index on access.oauth_access_tokens (user_id);
create index on access.oauth_access_tokens (refresh_id);
create index on access.oauth_access_tokens (authorization_code_id);

create table access.oauth_consents (
  id text primary key,
  client_id text not null references access.oauth_clients (client_id) on delete cascade,
  user_id text references access.users on delete cascade,
  -- The tenant for which the person agreed.
  reference_id text,
  resources jsonb,
  requested_user_info_claims jsonb,
  scopes jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index on access.oauth_consents (user_id, client_id);
create index on access.oauth_consents (client_id);

create table access.oauth_client_assertions (
  id text primary key,
  expires_at timestamptz not null
);
create index on access.oauth_client_assertions (expires_at);

-- What a person granted to a client and no longer holds: its refresh token was taken back, or used twice, or its code was.
create table access.oauth_revocations (
  session_id text not null references access.sessions on delete cascade,
  grant_id text not null,
  revoked_at timestamptz not null,
  primary key (session_id, grant_id)
);

grant select, insert, update, delete on
  access.oauth_clients, access.oauth_resources, access.oauth_client_resources, access.oauth_refresh_tokens,
  access.oauth_access_tokens, access.oauth_consents, access.oauth_client_assertions, access.oauth_revocations
to plimsoll_system;

create function access.revoke_oauth_access() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  -- A session that is gone took its tokens with it.
  insert into access.oauth_revocations (session_id, grant_id, revoked_at)
    select s.id, old.authorization_code_id, clock_timestamp() from access.sessions s where s.id = old.session_id
    on conflict do nothing;
  perform pg_notify('access.oauth-grant-revoked', old.authorization_code_id);
  return null;
end
$$;
create trigger revoke_on_withdrawal after update of revoked on access.oauth_refresh_tokens
  for each row when (old.revoked is null and new.revoked is not null and new.rotated_at is null)
  execute function access.revoke_oauth_access();
create trigger revoke_on_deletion after delete on access.oauth_refresh_tokens
  for each row when (old.expires_at > current_timestamp)
  execute function access.revoke_oauth_access();

-- Whoever takes back a consent takes back what the client got by it.
create function access.end_oauth_consent() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  delete from access.oauth_refresh_tokens
    where client_id = old.client_id and user_id = old.user_id and reference_id is not distinct from old.reference_id;
  return null;
end
$$;
create trigger end_consent after delete on access.oauth_consents
  for each row execute function access.end_oauth_consent();

-- A session lives as long as the youngest refresh token that was given out in it.
create function access.keep_session_for_oauth() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  update access.sessions set expires_at = new.expires_at where id = new.session_id and expires_at < new.expires_at;
  return null;
end
$$;
create trigger keep_session after insert on access.oauth_refresh_tokens
  for each row execute function access.keep_session_for_oauth();

-- down

drop table access.oauth_revocations, access.oauth_client_assertions, access.oauth_consents,
  access.oauth_access_tokens, access.oauth_refresh_tokens, access.oauth_client_resources, access.oauth_resources,
  access.oauth_clients;
drop function access.revoke_oauth_access(), access.end_oauth_consent(), access.keep_session_for_oauth();
