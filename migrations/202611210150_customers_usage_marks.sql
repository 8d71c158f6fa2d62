-- up
-- breaking: a process of before counts on one mark a day to the unique key that this takes away
-- A day may be marked more than once: to mark it, nobody waits for a roll-up that is taking an earlier mark away.
alter table customers.usage_dirty
  add column mark_id bigint generated always as identity,
  drop constraint usage_dirty_pkey,
  add primary key (tenant_id, client_id, day, mark_id);

-- down
delete from customers.usage_dirty d using customers.usage_dirty o
where o.tenant_id = d.tenant_id and o.client_id = d.client_id and o.day = d.day and o.mark_id < d.mark_id;
alter table customers.usage_dirty
  drop constraint usage_dirty_pkey,
  drop column mark_id,
  add primary key (tenant_id, client_id, day);
