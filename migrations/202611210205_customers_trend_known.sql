-- up
-- Null until there are two scores, a week apart, to compare. The type is named again to rewrite every tenant's rows,
-- which row-level security would hide from an update.
alter table customers.customers
  alter column health_trend drop not null,
  alter column health_trend drop default,
  alter column health_trend type text using case when health_score is null then null else health_trend end;

-- down
alter table customers.customers alter column health_trend type text using coalesce(health_trend, 'stable');
alter table customers.customers
  alter column health_trend set default 'stable',
  alter column health_trend set not null;
