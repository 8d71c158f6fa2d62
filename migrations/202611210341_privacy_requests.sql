-- up
create schema privacy;

-- Keys of the tenant's own, sealed under the platform's: by `subjects` people are remembered without being named, by
-- `reports` what was done for them is signed.
create table privacy.keys (
  tenant_id text not null,
  purpose text not null check (purpose in ('subjects', 'reports')),
  sealed text not null,
  created_at timestamptz not null,
  primary key (tenant_id, purpose)
);
select kernel.isolate_tenant('privacy.keys');

create table privacy.requests (
  tenant_id text not null,
  request_id text not null,
  kind text not null check (kind in ('export', 'erasure')),
  status text not null check (status in ('previewed', 'confirmed', 'erased', 'completed', 'expired')),
  -- Keyed: nobody without the tenant's key can tell whom it is of, or try addresses on it.
  subject_hash text not null,
  -- Who it is about, encrypted; null as soon as that is no longer needed.
  subject_sealed text,
  requested_by_kind text not null,
  requested_by text not null,
  requested_at timestamptz not null,
  expires_at timestamptz,
  confirmed_at timestamptz,
  completed_at timestamptz,
  -- Of the preview that was shown, and of the token that confirms it.
  digest text,
  token_hash text,
  -- Counts by holder: what was found, and what was done.
  found jsonb not null,
  done jsonb,
  report jsonb,
  primary key (tenant_id, request_id),
  check (status not in ('completed', 'expired') or subject_sealed is null)
);
create index requests_by_time on privacy.requests (tenant_id, requested_at, request_id);
select kernel.isolate_tenant('privacy.requests');

-- Addresses that were erased, keyed: should one come back, that is reported.
create table privacy.suppressions (
  tenant_id text not null,
  subject_hash text not null,
  request_id text not null,
  erased_at timestamptz not null,
  returned_at timestamptz,
  primary key (tenant_id, subject_hash)
);
select kernel.isolate_tenant('privacy.suppressions');

-- What people agreed to and took back, one row each time: the newest of a purpose counts.
create table privacy.consents (
  tenant_id text not null,
  consent_id text not null,
  -- An e-mail, a phone number or a ref such as contact:cnt_1; null once the person was erased.
  subject text,
  subject_hash text not null,
  purpose text not null,
  basis text not null check (basis in (
    'consent', 'contract', 'legal_obligation', 'vital_interests', 'public_task', 'legitimate_interests')),
  state text not null check (state in ('given', 'withdrawn')),
  source text not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  recorded_by_kind text not null,
  recorded_by text not null,
  primary key (tenant_id, consent_id)
);
create index consents_by_subject on privacy.consents (tenant_id, subject_hash, purpose, occurred_at);
select kernel.isolate_tenant('privacy.consents');
revoke update, delete on privacy.consents from plimsoll_app, plimsoll_system;
grant update (subject) on privacy.consents to plimsoll_app, plimsoll_system;

-- Days that a tenant keeps a category for, where it is not the default; null: for ever.
create table privacy.retention_rules (
  tenant_id text not null,
  category text not null,
  days integer check (days between 1 and 36500),
  updated_at timestamptz not null,
  primary key (tenant_id, category)
);
select kernel.isolate_tenant('privacy.retention_rules');

-- down
drop schema privacy cascade;
