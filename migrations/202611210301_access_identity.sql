-- up

-- People belong to no tenant: one person, several memberships. Only plimsoll_system reaches the tables about them, so
-- that no statement of a tenant's request can see who else there is.
create table access.users (
  id text primary key,
  name text not null,
  email text not null unique check (email = lower(email)),
  email_verified boolean not null default false,
  image text,
  two_factor_enabled boolean default false,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table access.sessions (
  id text primary key,
  token text not null unique,
  user_id text not null references access.users on delete cascade,
  active_tenant_id text,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  ip_address text,
  user_agent text
);
create index on access.sessions (user_id);
create index on access.sessions (expires_at);

create table access.accounts (
  id text primary key,
  account_id text not null,
  provider_id text not null,
  user_id text not null references access.users on delete cascade,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  password text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index on access.accounts (user_id);

create table access.verifications (
  id text primary key,
  identifier text not null,
  value text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index on access.verifications (identifier);
create index on access.verifications (expires_at);

create table access.two_factors (
  id text primary key,
  secret text not null,
  backup_codes text not null,
  user_id text not null unique references access.users on delete cascade,
  verified boolean default true,
  failed_verification_count integer default 0,
  locked_until timestamptz
);

-- Private keys are sealed under the field encryption key. A key signs until it expires, and verifies a while longer.
create table access.signing_keys (
  id text primary key,
  public_key text not null,
  private_key text not null,
  alg text not null,
  crv text,
  created_at timestamptz not null,
  expires_at timestamptz
);

-- A token is stored as a keyed hash. The tokens of one session are one family: the second use of one ends the session.
create table access.refresh_tokens (
  hash bytea primary key,
  session_id text not null references access.sessions on delete cascade,
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index on access.refresh_tokens (session_id);

-- Failures in a row, by keyed hash of the e-mail and of the network; the empty network counts all of them together.
create table access.sign_in_attempts (
  email_hash bytea not null,
  network_hash bytea not null,
  failures integer not null,
  counted_since timestamptz not null,
  locked_until timestamptz,
  succeeded_at timestamptz,
  primary key (email_hash, network_hash)
);
create index on access.sign_in_attempts (counted_since);

grant select, insert, update, delete on
  access.users, access.sessions, access.accounts, access.verifications, access.two_factors, access.signing_keys,
  access.refresh_tokens, access.sign_in_attempts
to plimsoll_system;

-- What binds people to a tenant is the tenant's own: its requests change it, and see no other tenant's.
create table access.members (
  tenant_id text not null references access.tenants,
  id text not null unique,
  user_id text not null references access.users on delete cascade,
  role text not null check (role in ('read-only', 'member', 'manager', 'admin', 'owner')),
  created_at timestamptz not null,
  primary key (tenant_id, id),
  unique (tenant_id, user_id)
);
create index on access.members (user_id);
select kernel.isolate_tenant('access.members');

create table access.invitations (
  tenant_id text not null references access.tenants,
  id text not null unique,
  email text not null check (email = lower(email)),
  role text not null check (role in ('read-only', 'member', 'manager', 'admin', 'owner')),
  status text not null check (status in ('pending', 'accepted', 'rejected', 'canceled')),
  inviter_id text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  primary key (tenant_id, id)
);
create unique index on access.invitations (tenant_id, email) where status = 'pending';
create index on access.invitations (email);
select kernel.isolate_tenant('access.invitations');

-- A tenant as the auth library knows it: the same row under other names, never a second one.
create view access.organizations with (security_invoker) as
  select tenant_id as id, name, tenant_id as slug, null::text as logo, null::text as metadata, created_at
  from access.tenants;
grant select on access.organizations to plimsoll_system;

-- Whoever ends a session or changes a membership, and in whatever way: every process hears of it when it commits.
create function access.tell_session_revoked() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  if old.expires_at > now() then
    perform pg_notify('access.session-revoked', old.id);
  end if;
  return null;
end
$$;
create trigger tell_revoked after delete on access.sessions
  for each row execute function access.tell_session_revoked();

create function access.tell_membership_changed() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  perform pg_notify('access.membership-changed', old.user_id || ' ' || old.tenant_id);
  return null;
end
$$;
create trigger tell_changed after update or delete on access.members
  for each row execute function access.tell_membership_changed();

create function access.tell_signing_keys_changed() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  perform pg_notify('access.signing-keys-changed', '');
  return null;
end
$$;
create trigger tell_changed after insert or update or delete on access.signing_keys
  for each statement execute function access.tell_signing_keys_changed();

-- down

drop view access.organizations;
drop table access.invitations, access.members, access.sign_in_attempts, access.refresh_tokens, access.signing_keys,
  access.two_factors, access.verifications, access.accounts, access.sessions, access.users;
drop function access.tell_session_revoked(), access.tell_membership_changed(), access.tell_signing_keys_changed();
