-- The first schema: message log, contributions, resources with history and search rows, registry, outbox.
-- Tenant comes first in every key, so that it can become a distribution column. Features of PostgreSQL 15 only.
-- Everything lives in the schema that search_path names; nothing here is qualified.

-- Counters that must be commit-ordered: the row lock is held to the end of the transaction, so a number is
-- never seen before a smaller one. (A sequence would be faster and would let readers skip late commits.)
create table counter (
  tenant int not null,
  name text collate "C" not null,
  n bigint not null default 0,
  primary key (tenant, name)
) with (fillfactor = 50);

-- Names of messages and of queued work. Order is no concern of theirs, so they never wait.
create sequence message_number cache 1000;
create sequence todo_number;

-- ---------------------------------------------------------------------------------------------- message log
-- One row per thing received, v2 message or FHIR write, exactly as it came. Inserted once with its outcome;
-- only messages that wait (received, parked, held, failed) are updated later. Retention drops partitions.
create table message (
  tenant int not null,
  received_at timestamptz not null,
  id bigint not null,
  source text collate "C" not null,            -- MSH-3|MSH-4, or the id of a FHIR client
  channel text not null check (channel in ('mllp', 'http', 'file', 'fhir')),
  peer text,
  control_id text,
  event text collate "C",                      -- 'ADT^A01', 'PUT Patient'
  version text,
  charset text,
  raw bytea not null,                          -- bytea: NUL and invalid encodings must survive
  sha256 bytea not null,
  state text not null check (state in ('received', 'processed', 'parked', 'held', 'rejected', 'failed')),
  cluster text collate "C",                    -- what it is serialised by: patient, else its first identifier
  ack_code text,
  ack bytea,
  findings jsonb,                              -- [{severity, code, app, locations, text}]: no text in logs
  maps_hash text,
  attempts int not null default 0,
  processed_at timestamptz,
  primary key (tenant, received_at, id)
) partition by range (received_at);
-- Daily partitions are made ahead by the gateway; what falls outside of them (a test clock) lands here.
create table message_default partition of message default;
create index message_id on message (tenant, id);
create index message_state on message (tenant, state, id) where state in ('received', 'parked', 'held', 'failed');

-- Message identity: MSH-3, -4, -7, -10. Outlives partitions of the log. Holds where the stored ACK is.
create table message_key (
  tenant int not null,
  key bytea not null,
  sha256 bytea not null,
  message_id bigint not null,
  received_at timestamptz not null,
  primary key (tenant, key)
);

-- Messages about a key that is not known yet; they apply themselves when it appears.
create table parked (
  tenant int not null,
  system text collate "C" not null,
  value text collate "C" not null,
  message_id bigint not null,
  received_at timestamptz not null,
  until timestamptz not null,
  primary key (tenant, system, value, message_id)
);

-- Work that is not done inside the receiving transaction.
create table todo (
  tenant int not null,
  id bigint not null,
  kind text not null check (kind in ('process', 'match')),
  cluster text collate "C" not null,
  subject text collate "C" not null,           -- message id, or resource 'Patient/x'
  ready_at timestamptz not null,
  attempts int not null default 0,
  last_error text,
  primary key (tenant, id)
) with (fillfactor = 70);
create index todo_cluster on todo (tenant, kind, cluster, id);

-- ---------------------------------------------------------------------------------------------- the truth
-- What one source says of one thing. Facts that compete by recency have one row per source (key ''); events
-- of a visit or an appointment have one row each (key = message). What FHIR shows is a pure function of these.
create table contribution (
  tenant int not null,
  rtype text collate "C" not null,
  id text collate "C" not null,
  source text collate "C" not null,
  key text collate "C" not null,
  body jsonb not null,
  message_id bigint not null,
  primary key (tenant, rtype, id, source, key)
) with (fillfactor = 85);

-- Which v2 positions and mapping rows wrote the parts of a value. Few forms, many values: each form is kept once.
create table lineage_shape (
  tenant int not null,
  id text collate "C" not null,                -- of the spans' hash
  spans jsonb not null,                        -- [{ fhir, v2, row }]
  primary key (tenant, id)
);

-- Who is meant by an identifier. One row per (type, system, value): the unique key is the rule that no two
-- things share a deterministic identifier. Rows of merged things point at the survivor (one hop).
create table registry (
  tenant int not null,
  rtype text collate "C" not null,
  system text collate "C" not null,
  value text collate "C" not null,
  id text collate "C" not null,
  retired boolean not null default false,
  primary key (tenant, rtype, system, value)
);
-- id before rtype: otherwise, without statistics, this index would tie with the primary key for look-ups by identifier.
create index registry_id on registry (tenant, id, rtype);

-- Merged things: source is read as target. Path-compressed, so that every source resolves in one hop.
create table merge (
  tenant int not null,
  rtype text collate "C" not null,
  source_id text collate "C" not null,
  target_id text collate "C" not null,
  message_id bigint not null,
  merged_at timestamptz not null,
  primary key (tenant, rtype, source_id)
);
create index merge_target on merge (tenant, rtype, target_id);

-- Ledger lines: the key makes a second posting impossible.
create table ledger (
  tenant int not null,
  source text collate "C" not null,
  line text collate "C" not null,              -- FT1-2 system|value, or message|FT1-1
  account_id text collate "C",
  rtype text collate "C" not null,
  id text collate "C" not null,
  kind text collate "C" not null check (kind in ('CG', 'CD', 'PY', 'AJ', 'CO')),
  code text collate "C",
  amount numeric not null,
  currency text collate "C" not null,
  content bytea not null,                      -- sha256 of what was posted: equal is a resend, other is a conflict
  offset_by text collate "C",                  -- line of the credit that has used this charge up
  message_id bigint not null,
  primary key (tenant, source, line)
);
create index ledger_account on ledger (tenant, account_id, code, amount);

-- ---------------------------------------------------------------------------------------------- FHIR view
create table resource (
  tenant int not null,
  rtype text collate "C" not null,
  id text collate "C" not null,
  version int not null,
  seq bigint not null,                         -- commit-ordered change number
  updated_at timestamptz not null,
  deleted boolean not null default false,
  body jsonb not null,                         -- without meta.versionId and meta.lastUpdated
  hash bytea not null,                         -- of the canonical body: equal means no new version
  tokens bigint[] not null,                    -- h(param, system, code), h(param, code), h(param, system)
  primary key (tenant, rtype, id)
) with (fillfactor = 85);
create index resource_seq on resource (tenant, rtype, seq desc) where not deleted;
create index resource_tokens on resource using gin (tokens) with (fastupdate = off);

create table history (
  tenant int not null,
  rtype text collate "C" not null,
  id text collate "C" not null,
  version int not null,
  seq bigint not null,
  updated_at timestamptz not null,
  op text not null check (op in ('create', 'update', 'delete')),
  body jsonb,                                  -- null when deleted
  message_id bigint not null,
  primary key (tenant, rtype, id, version)
);
create index history_type on history (tenant, rtype, seq desc);
create index history_seq on history (tenant, seq desc);

-- Identifiers are nearly unique: btree rows. Low-cardinality codes are in resource.tokens. Never the reverse.
create table identifier (
  tenant int not null,
  rtype text collate "C" not null,
  param text collate "C" not null,
  value text collate "C" not null,
  system text collate "C" not null,
  id text collate "C" not null,
  primary key (tenant, rtype, param, value, system, id)
);

create table reference (
  tenant int not null,
  target text collate "C" not null,            -- 'Patient/x'
  rtype text collate "C" not null,
  param text collate "C" not null,
  id text collate "C" not null,
  primary key (tenant, target, rtype, param, id)
);

create table string (
  tenant int not null,
  rtype text collate "C" not null,
  param text collate "C" not null,
  norm text collate "C" not null,              -- lower case, without marks; see src/fhir/search-params.ts
  id text collate "C" not null,
  primary key (tenant, rtype, param, norm, id)
);

create table date (
  tenant int not null,
  rtype text collate "C" not null,
  param text collate "C" not null,
  low timestamptz not null,                    -- half-open [low, high)
  high timestamptz not null,
  id text collate "C" not null,
  primary key (tenant, rtype, param, low, high, id)
);

create table number (
  tenant int not null,
  rtype text collate "C" not null,
  param text collate "C" not null,
  low numeric not null,
  high numeric not null,
  unit text collate "C" not null default '',
  id text collate "C" not null,
  primary key (tenant, rtype, param, low, high, unit, id)
);

-- ---------------------------------------------------------------------------------------------- outbound, requests
-- Written in the transaction that changes the truth; delivered later.
create table outbox (
  tenant int not null,
  id bigint not null,
  subscriber text collate "C" not null,
  cluster text collate "C" not null,
  message_id bigint not null,
  event text collate "C" not null,
  change jsonb not null,                       -- [{ rtype, id, version }]
  state text not null default 'pending' check (state in ('pending', 'delivered', 'refused', 'failed', 'dead')),
  created_at timestamptz not null,
  primary key (tenant, id)
);
create index outbox_ready on outbox (tenant, subscriber, id) where state = 'pending';

-- Answers to FHIR requests with an Idempotency-Key.
create table idempotency (
  tenant int not null,
  client text collate "C" not null,
  key text collate "C" not null,
  sha256 bytea not null,
  status int not null,
  headers jsonb not null,
  body text not null,
  created_at timestamptz not null,
  primary key (tenant, client, key)
);
