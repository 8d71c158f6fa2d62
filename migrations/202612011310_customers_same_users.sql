-- up
-- Ids that are one user: an identified user, and the anonymous id of a device or another id from before.
create table customers.same_users (
  tenant_id text collate "C" not null,
  user_id text collate "C" not null,
  other_id text collate "C" not null,
  primary key (tenant_id, user_id, other_id)
);
select kernel.isolate_tenant('customers.same_users');

-- down
drop table customers.same_users;
