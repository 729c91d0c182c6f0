-- A number keeps its record for ever; whom the record means is told by the identity log (contributions of the gateway).
-- since: when a message first named the number alone (time of the message in milliseconds, and which message it was).
alter table registry add column since_m bigint, add column since_i bigint;
alter table registry drop column retired;

-- What a merge has changed, so that it can be undone: by the Provenance that tells of it.
create table merge_journal (
  tenant int not null,
  id text collate "C" not null,                -- of the Provenance
  rtype text collate "C" not null,
  source_id text collate "C" not null,
  target_id text collate "C" not null,
  said jsonb not null,                         -- the entry of the identity log that the merge is
  merged_at timestamptz not null,
  moved jsonb not null,                        -- [[rtype, id, version]]: resources as the merge has left them
  undone_at timestamptz,
  message_id bigint not null,
  primary key (tenant, id, source_id)
);
