-- up

-- How far the re-encryption of one field under one key has come. A row without an end belongs to a run that was cut short.
create table kernel.rotations (
  field text not null,
  key_id text not null,
  cursor text,
  rows_done bigint not null default 0,
  started_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz,
  primary key (field, key_id)
);
grant select, insert, update on kernel.rotations to plimsoll_system;

-- down
drop table kernel.rotations;
