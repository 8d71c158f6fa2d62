-- up
create schema tasks;
grant usage on schema tasks to plimsoll_app, plimsoll_system;

-- One row a person who has, or had, tasks. Every write locks it first, so what one person's callers do at once happens
-- one after the other, and the next number is free.
create table tasks.people (
  tenant_id text collate "C" not null,
  user_id text collate "C" not null check (char_length(user_id) between 1 and 200),
  last_task_id integer not null default 0 check (last_task_id >= 0),
  -- The zone last used in a write; null: none yet.
  time_zone text check (char_length(time_zone) <= 64),
  primary key (tenant_id, user_id)
);
select kernel.isolate_tenant('tasks.people');

create table tasks.tasks (
  tenant_id text collate "C" not null,
  user_id text collate "C" not null,
  -- Counted for each person.
  task_id integer not null check (task_id > 0),
  title text not null check (char_length(title) between 1 and 200),
  description text check (char_length(description) <= 2000),
  completed boolean not null default false,
  completed_at timestamptz check ((completed_at is not null) = completed),
  priority text not null default 'medium' check (priority in ('low', 'medium', 'high', 'urgent')),
  tags jsonb not null default '[]' check (jsonb_typeof(tags) = 'array' and jsonb_array_length(tags) <= 10),
  -- The day and the wall clock's time in time_zone. Without a time the task is due within the day, wherever one is.
  due_on date,
  due_time time(0) check (due_time is null or due_on is not null),
  time_zone text check ((time_zone is not null) = (due_on is not null) and char_length(time_zone) <= 64),
  -- The instant of the two, or the last millisecond of the day: what lists are ordered by.
  due_at timestamptz check ((due_at is not null) = (due_on is not null)),
  -- RFC 5545, without DTSTART, which is series_on and series_time.
  recurrence text check (char_length(recurrence) <= 200),
  series_on date check ((series_on is not null) = (recurrence is not null)),
  series_time time(0),
  -- The occurrence that completing this one made.
  next_task_id integer,
  parent_id integer check (parent_id <> task_id),
  version integer not null default 1 check (version > 0),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (recurrence is null or (due_on is not null and parent_id is null)),
  primary key (tenant_id, user_id, task_id),
  foreign key (tenant_id, user_id, parent_id) references tasks.tasks (tenant_id, user_id, task_id) on delete cascade
);
create index on tasks.tasks (tenant_id, user_id, coalesce(due_at, 'infinity'), task_id);
create index on tasks.tasks (tenant_id, user_id, parent_id) where parent_id is not null;
create index on tasks.tasks (tenant_id, completed_at) where completed;
select kernel.isolate_tenant('tasks.tasks');

-- What each task was before the last change of its person: enough to take that change back.
create table tasks.undo (
  tenant_id text collate "C" not null,
  user_id text collate "C" not null,
  task_id integer not null,
  action text not null check (char_length(action) <= 40),
  -- Null: the change made the task.
  before jsonb,
  changed_at timestamptz not null,
  primary key (tenant_id, user_id, task_id)
);
create index on tasks.undo (tenant_id, changed_at);
select kernel.isolate_tenant('tasks.undo');

-- down
drop schema tasks cascade;
