-- up

-- Keyed hashes of the codes that somebody signed in with lately: each opens the account once (RFC 6238, 5.2).
alter table access.two_factors
  add column used_codes bytea[] not null default '{}',
  add column code_used_at timestamptz;

-- down

alter table access.two_factors drop column used_codes, drop column code_used_at;
