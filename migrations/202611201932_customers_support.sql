-- up
create table customers.tickets (
  tenant_id text collate "C" not null,
  ticket_id text collate "C" not null,
  client_id text collate "C" not null,
  -- Null where the source kept no text.
  subject text check (char_length(subject) <= 500),
  description text,
  priority text not null default 'P3' check (priority in ('P0', 'P1', 'P2', 'P3', 'P4')),
  category text not null default 'other' check (category in (
    'technical_issue', 'bug_report', 'feature_request', 'how_to_question', 'account_billing', 'integration_support',
    'training_request', 'data_issue', 'performance', 'other')),
  status text not null default 'open' check (status in (
    'open', 'in_progress', 'waiting_on_customer', 'waiting_on_engineering', 'resolved', 'closed', 'reopened')),
  requester_email text,
  requester_name text,
  assigned_agent text,
  assigned_team text,
  tags jsonb not null default '[]',
  opened_at timestamptz not null,
  first_response_at timestamptz,
  resolved_at timestamptz,
  closed_at timestamptz,
  sla_first_response_minutes integer,
  sla_resolution_minutes integer,
  satisfaction_rating smallint check (satisfaction_rating between 1 and 5),
  satisfaction_comment text,
  escalated boolean not null default false,
  escalated_at timestamptz,
  escalation_reason text,
  resolution_notes text,
  internal_notes text,
  customer_visible_notes text,
  attributes jsonb not null default '{}',
  source text not null default 'plimsoll',
  external_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, ticket_id),
  foreign key (tenant_id, client_id) references customers.customers on delete cascade
);
create index tickets_of_client on customers.tickets (tenant_id, client_id, opened_at);
create index tickets_by_opened on customers.tickets (tenant_id, opened_at);
create index tickets_unsolved on customers.tickets (tenant_id, client_id) include (priority, opened_at)
  where status not in ('resolved', 'closed');
create unique index tickets_natural_key on customers.tickets (tenant_id, source, external_id) where external_id is not null;
select kernel.isolate_tenant('customers.tickets');

-- Every answer to a survey, a rating of a ticket included: NPS 0–10, CSAT 1–5, CES 1–7 (7 is the easiest).
create table customers.survey_answers (
  tenant_id text collate "C" not null,
  answer_id text collate "C" not null,
  client_id text collate "C" not null,
  kind text not null check (kind in ('nps', 'csat', 'ces')),
  score smallint not null,
  -- The answer as 0–100, whichever scale it was given on.
  percent double precision not null generated always as (
    case kind when 'nps' then score * 10.0 when 'csat' then (score - 1) * 25.0 else (score - 1) * 100.0 / 6 end) stored,
  survey_id text,
  ticket_id text collate "C",
  respondent_email text,
  respondent_name text,
  comment text,
  responded_at timestamptz not null,
  source text not null default 'plimsoll',
  external_id text,
  created_at timestamptz not null default now(),
  primary key (tenant_id, answer_id),
  foreign key (tenant_id, client_id) references customers.customers on delete cascade,
  constraint score_on_its_scale check (
    case kind when 'nps' then score between 0 and 10 when 'csat' then score between 1 and 5 else score between 1 and 7 end)
);
create index survey_answers_of_client on customers.survey_answers (tenant_id, client_id, responded_at);
create index survey_answers_by_time on customers.survey_answers (tenant_id, responded_at) include (client_id, percent);
create unique index survey_answers_natural_key on customers.survey_answers (tenant_id, source, external_id) where external_id is not null;
select kernel.isolate_tenant('customers.survey_answers');

-- down
drop table customers.survey_answers, customers.tickets;
