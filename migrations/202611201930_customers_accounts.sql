-- up
create schema customers;
grant usage on schema customers to plimsoll_app, plimsoll_system;

-- Keys are compared byte by byte: the same order on every server, and faster than a language's rules.
create table customers.customers (
  tenant_id text collate "C" not null,
  client_id text collate "C" not null check (client_id ~ '^[A-Za-z0-9_-]{1,100}$'),
  client_name text not null check (char_length(client_name) between 1 and 200),
  company_name text not null check (char_length(company_name) between 1 and 200),
  industry text not null default 'Technology' check (char_length(industry) between 1 and 100),
  tier text not null default 'standard' check (tier in ('starter', 'standard', 'professional', 'enterprise')),
  lifecycle_stage text not null default 'onboarding' check (lifecycle_stage in (
    'prospect', 'trial', 'onboarding', 'active', 'engaged', 'at_risk', 'renewal', 'expansion', 'churned')),
  status text not null default 'active' check (status in ('active', 'inactive', 'suspended', 'churned')),
  contract_value_cents bigint not null default 0 check (contract_value_cents >= 0),
  currency text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
  contract_start_date date not null,
  contract_end_date date check (contract_end_date > contract_start_date),
  renewal_date date,
  -- Users the contract provides for; null when nobody said.
  seats integer check (seats >= 0),
  primary_contact_email text check (char_length(primary_contact_email) <= 255),
  primary_contact_name text check (char_length(primary_contact_name) <= 200),
  csm_assigned text check (char_length(csm_assigned) <= 200),
  -- Null until there is data to compute it from.
  health_score double precision check (health_score between 0 and 100),
  health_trend text not null default 'stable' check (health_trend in ('improving', 'stable', 'declining')),
  health_as_of timestamptz,
  churn_probability double precision check (churn_probability between 0 and 1),
  -- The last two-way contact: a call, a mail answered, a meeting.
  last_engagement_at timestamptz,
  churned_on date,
  -- What an import or an `identify`/`group` call brought that has no column of its own.
  attributes jsonb not null default '{}',
  source text not null default 'plimsoll',
  external_id text,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, client_id)
);
create unique index customers_natural_key on customers.customers (tenant_id, source, external_id) where external_id is not null;
create index customers_by_health on customers.customers (tenant_id, health_score, client_id);
create index customers_by_stage on customers.customers (tenant_id, lifecycle_stage, client_id);
create index customers_by_tier on customers.customers (tenant_id, tier, client_id);
create index customers_by_renewal on customers.customers (tenant_id, renewal_date, client_id);
create index customers_by_csm on customers.customers (tenant_id, csm_assigned, client_id) where csm_assigned is not null;
select kernel.isolate_tenant('customers.customers');

-- People at the customer: those we talk to, and those who use the product.
create table customers.contacts (
  tenant_id text collate "C" not null,
  contact_id text collate "C" not null,
  client_id text collate "C" not null,
  email text check (char_length(email) <= 255),
  name text check (char_length(name) <= 200),
  title text,
  is_primary boolean not null default false,
  is_champion boolean not null default false,
  -- The id this person has in usage events.
  user_id text,
  last_contacted_at timestamptz,
  attributes jsonb not null default '{}',
  source text not null default 'plimsoll',
  external_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, contact_id),
  foreign key (tenant_id, client_id) references customers.customers on delete cascade
);
create index contacts_of_client on customers.contacts (tenant_id, client_id) include (last_contacted_at);
create index contacts_by_email on customers.contacts (tenant_id, lower(email)) where email is not null;
create index contacts_by_user on customers.contacts (tenant_id, user_id) where user_id is not null;
create unique index contacts_natural_key on customers.contacts (tenant_id, source, external_id) where external_id is not null;
select kernel.isolate_tenant('customers.contacts');

create table customers.contracts (
  tenant_id text collate "C" not null,
  contract_id text collate "C" not null,
  client_id text collate "C" not null,
  contract_type text not null default 'annual' check (contract_type in ('monthly', 'quarterly', 'annual', 'multi_year')),
  billing_frequency text check (billing_frequency in ('monthly', 'quarterly', 'annual')),
  contract_value_cents bigint not null check (contract_value_cents >= 0),
  currency text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
  start_date date not null,
  end_date date check (end_date >= start_date),
  renewal_date date,
  auto_renew boolean not null default false,
  notice_period_days integer not null default 30 check (notice_period_days >= 0),
  payment_terms text,
  -- Null: unknown. Nobody is called a good payer without evidence.
  payment_status text check (payment_status in ('current', 'overdue', 'payment_plan', 'at_risk')),
  included_users integer check (included_users >= 0),
  tier text,
  products_included jsonb not null default '[]',
  addons jsonb not null default '[]',
  discount_share double precision check (discount_share between 0 and 1),
  discount_reason text,
  signed_by text,
  owner_csm text,
  is_trial boolean not null default false,
  contract_url text check (char_length(contract_url) <= 2048),
  attributes jsonb not null default '{}',
  source text not null default 'plimsoll',
  external_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, contract_id),
  foreign key (tenant_id, client_id) references customers.customers on delete cascade
);
create index contracts_of_client on customers.contracts (tenant_id, client_id, end_date);
create unique index contracts_natural_key on customers.contracts (tenant_id, source, external_id) where external_id is not null;
select kernel.isolate_tenant('customers.contracts');

create table customers.payments (
  tenant_id text collate "C" not null,
  payment_id text collate "C" not null,
  client_id text collate "C" not null,
  contract_id text collate "C",
  amount_cents bigint not null,
  currency text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
  due_on date not null,
  -- Null: not paid yet. Overdue is due_on in the past and no paid_on.
  paid_on date,
  status text not null default 'pending' check (status in ('pending', 'paid', 'failed', 'refunded', 'void')),
  attributes jsonb not null default '{}',
  source text not null default 'plimsoll',
  external_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, payment_id),
  foreign key (tenant_id, client_id) references customers.customers on delete cascade
);
create index payments_of_client on customers.payments (tenant_id, client_id, due_on) include (paid_on, status);
create index payments_by_due on customers.payments (tenant_id, due_on) include (client_id, paid_on, status);
create unique index payments_natural_key on customers.payments (tenant_id, source, external_id) where external_id is not null;
select kernel.isolate_tenant('customers.payments');

create table customers.timeline_events (
  tenant_id text collate "C" not null,
  client_id text collate "C" not null,
  occurred_at timestamptz not null,
  event_id text collate "C" not null,
  event_type text not null check (event_type in (
    'onboarding', 'support', 'usage', 'health', 'communication', 'renewal', 'product', 'contract')),
  category text not null,
  title text not null,
  description text not null default '',
  metadata jsonb not null default '{}',
  impact text not null default 'neutral' check (impact in ('positive', 'neutral', 'negative')),
  severity text not null default 'info' check (severity in ('info', 'low', 'medium', 'high', 'critical')),
  source text not null default 'plimsoll',
  external_id text,
  primary key (tenant_id, client_id, occurred_at, event_id),
  foreign key (tenant_id, client_id) references customers.customers on delete cascade
);
create unique index timeline_events_natural_key on customers.timeline_events (tenant_id, source, external_id) where external_id is not null;
select kernel.isolate_tenant('customers.timeline_events');

create table customers.lifecycle_history (
  tenant_id text collate "C" not null,
  client_id text collate "C" not null,
  changed_at timestamptz not null,
  change_id text collate "C" not null,
  -- Null: the stage the customer was registered in.
  from_stage text,
  to_stage text not null,
  reason text,
  automated boolean not null default false,
  actor_kind text not null,
  actor_id text not null,
  primary key (tenant_id, client_id, changed_at, change_id),
  foreign key (tenant_id, client_id) references customers.customers on delete cascade
);
create index lifecycle_history_by_time on customers.lifecycle_history (tenant_id, changed_at);
select kernel.isolate_tenant('customers.lifecycle_history');

-- down
drop table customers.lifecycle_history, customers.timeline_events, customers.payments, customers.contracts, customers.contacts, customers.customers;
drop schema customers;
