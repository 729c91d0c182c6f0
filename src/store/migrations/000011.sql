-- Bulk exports: what was asked for and how far it has come, the files, and their compressed content in pieces. They are here so
-- that any gateway on this store goes on with an export, answers for it, and serves its files.
create table export_job (
  tenant int not null,
  id text collate "C" not null,
  client text collate "C" not null,
  request text not null,
  plan jsonb not null,
  state text not null check (state in ('queued', 'running', 'complete', 'failed', 'gone')),
  created_at timestamptz not null,
  attempts int not null default 0,
  lease_until timestamptz,
  written bigint not null default 0,
  -- What the export shows: all changes up to this number, as of this time.
  seq bigint,
  transaction_time timestamptz,
  expires_at timestamptz,
  primary key (tenant, id)
) with (fillfactor = 70);
create index export_job_open on export_job (tenant, created_at) where state in ('queued', 'running', 'complete');
create index export_job_time on export_job (tenant, transaction_time);

create table export_file (
  tenant int not null,
  job text collate "C" not null,
  n int not null,
  kind text not null check (kind in ('output', 'deleted')),
  rtype text collate "C" not null,
  count bigint not null,
  bytes bigint not null,
  packed_bytes bigint not null,
  crc bigint not null,
  primary key (tenant, job, n)
);

create table export_chunk (
  tenant int not null,
  job text collate "C" not null,
  n int not null,
  place int not null,
  data bytea not null,
  primary key (tenant, job, n, place)
);
-- It is compressed already.
alter table export_chunk alter column data set storage external;
