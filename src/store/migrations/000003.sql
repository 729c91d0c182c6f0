-- Codes that no table has, one row for each (source, table, code): counted here, shown as one Task each.
create table unmapped (
  tenant int not null,
  source text collate "C" not null,
  name text collate "C" not null,              -- of the table
  code text collate "C" not null,
  required boolean not null,                   -- messages with it are held
  position text not null,                      -- of the example: 'SCH-25'
  control_id text,                             -- of the example
  message_id bigint not null,                  -- the example
  count bigint not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  open boolean not null default true,
  dirty boolean not null default true,         -- its Task does not say all of this yet
  told_at timestamptz,                         -- when its Task was last written
  primary key (tenant, source, name, code)
) with (fillfactor = 70);
create index unmapped_dirty on unmapped (tenant) where dirty;

-- Messages that are held, one row for each code that they wait for.
create table held (
  tenant int not null,
  message_id bigint not null,
  source text collate "C" not null,
  name text collate "C" not null,
  code text collate "C" not null,
  received_at timestamptz not null,
  primary key (tenant, message_id, name, code)
);
create index held_code on held (tenant, source, name, code);
create index held_order on held (tenant, received_at, message_id);
