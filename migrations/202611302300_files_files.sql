-- up
create schema files;
grant usage on schema files to plimsoll_app, plimsoll_system;

-- The content of one upload. It never changes once it is whole.
create table files.blobs (
  tenant_id text collate "C" not null,
  blob_id text collate "C" not null,
  place text not null check (place in ('database', 's3')),
  -- Null until it is whole.
  bytes bigint check (bytes >= 0),
  sha256 bytea check (octet_length(sha256) = 32),
  -- What S3 calls this very content.
  etag text,
  -- When it is removed: an upload that is not whole by then, or a content that is no file's any more. Null: it is a file's.
  clear_at timestamptz,
  primary key (tenant_id, blob_id)
);
create index on files.blobs (clear_at, tenant_id) where clear_at is not null;
select kernel.isolate_tenant('files.blobs');

create table files.chunks (
  tenant_id text collate "C" not null,
  blob_id text collate "C" not null,
  number integer not null check (number >= 0),
  data bytea not null check (octet_length(data) between 1 and 1048576),
  primary key (tenant_id, blob_id, number),
  foreign key (tenant_id, blob_id) references files.blobs (tenant_id, blob_id) on delete cascade
);
-- Stored as it is, so that a part of a chunk is read without the rest.
alter table files.chunks alter column data set storage external;
select kernel.isolate_tenant('files.chunks');

create table files.files (
  tenant_id text collate "C" not null,
  name text collate "C" not null check (char_length(name) between 1 and 512),
  blob_id text collate "C" not null,
  bytes bigint not null check (bytes >= 0),
  media_type text not null check (char_length(media_type) between 3 and 255),
  -- Whom it is about, as holders of personal data name people: user:usr_1.
  about text check (char_length(about) <= 300),
  stored_at timestamptz not null,
  expires_at timestamptz,
  primary key (tenant_id, name),
  foreign key (tenant_id, blob_id) references files.blobs (tenant_id, blob_id)
);
create index on files.files (tenant_id, blob_id);
create index on files.files (expires_at, tenant_id) where expires_at is not null;
select kernel.isolate_tenant('files.files');

-- What the files of a tenant add up to. Whoever stores a file locks it first.
create table files.usage (
  tenant_id text collate "C" primary key,
  bytes bigint not null check (bytes >= 0)
);
select kernel.isolate_tenant('files.usage');

create function files.count_usage() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  insert into files.usage as u (tenant_id, bytes)
  values (coalesce(new.tenant_id, old.tenant_id), greatest(coalesce(new.bytes, 0) - coalesce(old.bytes, 0), 0))
  on conflict (tenant_id) do update set bytes = u.bytes + coalesce(new.bytes, 0) - coalesce(old.bytes, 0);
  return null;
end
$$;
create trigger count_usage after insert or delete or update of bytes on files.files
  for each row execute function files.count_usage();

-- Whatever deletes a file, its content goes with it: in the same transaction, or from S3 as soon as possible.
create function files.drop_blob() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  delete from files.blobs where tenant_id = old.tenant_id and blob_id = old.blob_id and place = 'database';
  update files.blobs set clear_at = '-infinity' where tenant_id = old.tenant_id and blob_id = old.blob_id;
  return null;
end
$$;
create trigger drop_blob after delete on files.files for each row execute function files.drop_blob();

-- down
drop schema files cascade;
