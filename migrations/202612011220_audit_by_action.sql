-- no transaction
-- up
-- Lists the events of one action without reading every event of the tenant.
create index concurrently events_by_action on audit.events (tenant_id, action, id);

-- down
drop index concurrently if exists audit.events_by_action;
