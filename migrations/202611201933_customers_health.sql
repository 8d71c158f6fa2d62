-- up
-- One score a customer, day (UTC) and scoring model; a later one of the same day replaces it. A component without data
-- is null and named in `missing`; `weight_*` are those that were used, after the missing ones were shared out.
create table customers.health_scores (
  tenant_id text collate "C" not null,
  client_id text collate "C" not null,
  scoring_model text not null,
  day date not null,
  as_of timestamptz not null,
  lookback_days smallint not null,
  overall_score real not null check (overall_score between 0 and 100),
  usage_score real,
  engagement_score real,
  support_score real,
  satisfaction_score real,
  payment_score real,
  weight_usage real not null,
  weight_engagement real not null,
  weight_support real not null,
  weight_satisfaction real not null,
  weight_payment real not null,
  missing text[] not null default '{}',
  primary key (tenant_id, client_id, scoring_model, day),
  foreign key (tenant_id, client_id) references customers.customers on delete cascade
);
select kernel.isolate_tenant('customers.health_scores');

-- Open while `resolved_at` is null; a customer has each indicator open at most once.
create table customers.risk_indicators (
  tenant_id text collate "C" not null,
  indicator_id text collate "C" not null default 'rsk_' || replace(gen_random_uuid()::text, '-', ''),
  client_id text collate "C" not null,
  indicator_name text collate "C" not null,
  category text not null,
  severity text not null check (severity in ('low', 'medium', 'high', 'critical')),
  current_value double precision not null,
  threshold_value double precision not null,
  detected_at timestamptz not null,
  updated_at timestamptz not null,
  resolved_at timestamptz,
  primary key (tenant_id, indicator_id),
  foreign key (tenant_id, client_id) references customers.customers on delete cascade
);
create unique index risk_indicators_open on customers.risk_indicators (tenant_id, client_id, indicator_name) where resolved_at is null;
create index risk_indicators_of_client on customers.risk_indicators (tenant_id, client_id, detected_at);
select kernel.isolate_tenant('customers.risk_indicators');

create table customers.churn_predictions (
  tenant_id text collate "C" not null,
  client_id text collate "C" not null,
  model_name text not null,
  day date not null,
  as_of timestamptz not null,
  model_version text not null,
  model_kind text not null check (model_kind in ('rule', 'trained')),
  churn_probability real not null check (churn_probability between 0 and 1),
  churn_risk_level text not null,
  -- [{ factor, points, … }]: what the probability was added up from.
  contributing_factors jsonb not null,
  predicted_churn_date date,
  primary key (tenant_id, client_id, model_name, day),
  foreign key (tenant_id, client_id) references customers.customers on delete cascade
);
select kernel.isolate_tenant('customers.churn_predictions');

create table customers.segments (
  tenant_id text collate "C" not null,
  segment_id text collate "C" not null,
  segment_name text not null,
  segment_type text not null,
  criteria jsonb not null default '{}',
  characteristics jsonb not null default '{}',
  engagement_strategy jsonb not null default '{}',
  success_metrics jsonb not null default '{}',
  customer_count integer not null,
  total_arr_cents bigint not null,
  -- Null when no member has a score.
  avg_health_score double precision,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, segment_id)
);
create unique index segments_natural_key on customers.segments (tenant_id, segment_type, segment_name);
select kernel.isolate_tenant('customers.segments');

create table customers.segment_members (
  tenant_id text collate "C" not null,
  segment_id text collate "C" not null,
  client_id text collate "C" not null,
  joined_at timestamptz not null default now(),
  primary key (tenant_id, segment_id, client_id),
  foreign key (tenant_id, segment_id) references customers.segments on delete cascade,
  foreign key (tenant_id, client_id) references customers.customers on delete cascade
);
create index segment_members_of_client on customers.segment_members (tenant_id, client_id);
select kernel.isolate_tenant('customers.segment_members');

-- Milestones a customer has reached, with what showed it.
create table customers.milestones (
  tenant_id text collate "C" not null,
  client_id text collate "C" not null,
  framework text collate "C" not null,
  milestone_id text collate "C" not null,
  milestone_name text not null,
  achieved_at timestamptz not null,
  recorded_at timestamptz not null,
  evidence jsonb not null default '{}',
  primary key (tenant_id, client_id, framework, milestone_id),
  foreign key (tenant_id, client_id) references customers.customers on delete cascade
);
select kernel.isolate_tenant('customers.milestones');

-- down
drop table customers.milestones, customers.segment_members, customers.segments, customers.churn_predictions, customers.risk_indicators, customers.health_scores;
