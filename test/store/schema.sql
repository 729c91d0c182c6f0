-- The schema after all migrations, written by a test. To renew: npm run schema:dump

table busy
  tenant integer not null
  actor text collate "C" not null
  day integer not null
  appointment text collate "C" not null
  starts bigint not null
  ends bigint not null
  since bigint not null
  constraint busy_pkey PRIMARY KEY (tenant, actor, day, appointment, starts)
  INDEX busy_appointment ON busy USING btree (tenant, appointment)

table contribution with (fillfactor=85)
  tenant integer not null
  rtype text collate "C" not null
  id text collate "C" not null
  source text collate "C" not null
  key text collate "C" not null
  body text not null
  message_id bigint not null
  t bigint
  m bigint
  constraint contribution_pkey PRIMARY KEY (tenant, rtype, id, source, key)

table contribution_past
  tenant integer not null
  rtype text collate "C" not null
  id text collate "C" not null
  source text collate "C" not null
  key text collate "C" not null
  body text not null
  message_id bigint not null
  t bigint
  m bigint
  constraint contribution_past_pkey PRIMARY KEY (tenant, rtype, id, source, key)

table counter with (fillfactor=50)
  tenant integer not null
  name text collate "C" not null
  n bigint not null default 0
  constraint counter_pkey PRIMARY KEY (tenant, name)

table date
  tenant integer not null
  rtype text collate "C" not null
  param text collate "C" not null
  low timestamp with time zone not null
  high timestamp with time zone not null
  id text collate "C" not null
  constraint date_pkey PRIMARY KEY (tenant, rtype, param, low, high, id)

table export_chunk
  tenant integer not null
  job text collate "C" not null
  n integer not null
  place integer not null
  data bytea not null
  constraint export_chunk_pkey PRIMARY KEY (tenant, job, n, place)

table export_file
  tenant integer not null
  job text collate "C" not null
  n integer not null
  kind text not null
  rtype text collate "C" not null
  count bigint not null
  bytes bigint not null
  packed_bytes bigint not null
  crc bigint not null
  constraint export_file_kind_check CHECK (kind = ANY (ARRAY['output'::text, 'deleted'::text]))
  constraint export_file_pkey PRIMARY KEY (tenant, job, n)

table export_job with (fillfactor=70)
  tenant integer not null
  id text collate "C" not null
  client text collate "C" not null
  request text not null
  plan jsonb not null
  state text not null
  created_at timestamp with time zone not null
  attempts integer not null default 0
  lease_until timestamp with time zone
  written bigint not null default 0
  seq bigint
  transaction_time timestamp with time zone
  expires_at timestamp with time zone
  constraint export_job_pkey PRIMARY KEY (tenant, id)
  constraint export_job_state_check CHECK (state = ANY (ARRAY['queued'::text, 'running'::text, 'complete'::text, 'failed'::text, 'gone'::text]))
  INDEX export_job_open ON export_job USING btree (tenant, created_at) WHERE state = ANY (ARRAY['queued'::text, 'running'::text, 'complete'::text])
  INDEX export_job_time ON export_job USING btree (tenant, transaction_time)

table held
  tenant integer not null
  message_id bigint not null
  source text collate "C" not null
  name text collate "C" not null
  code text collate "C" not null
  received_at timestamp with time zone not null
  constraint held_pkey PRIMARY KEY (tenant, message_id, name, code)
  INDEX held_code ON held USING btree (tenant, source, name, code)
  INDEX held_order ON held USING btree (tenant, received_at, message_id)

view history
 SELECT superseded.tenant,
    superseded.rtype,
    superseded.id,
    superseded.version,
    superseded.seq,
    superseded.updated_at,
    superseded.op,
    superseded.body,
    superseded.message_id
   FROM superseded
UNION ALL
 SELECT resource.tenant,
    resource.rtype,
    resource.id,
    resource.version,
    resource.seq,
    resource.updated_at,
        CASE
            WHEN resource.deleted THEN 'delete'::text
            WHEN resource.version = 1 THEN 'create'::text
            ELSE 'update'::text
        END AS op,
        CASE
            WHEN NOT resource.deleted THEN resource.body
            ELSE NULL::jsonb
        END AS body,
    resource.message_id
   FROM resource;

table idempotency
  tenant integer not null
  client text collate "C" not null
  key text collate "C" not null
  sha256 bytea not null
  status integer not null
  headers jsonb not null
  body text not null
  created_at timestamp with time zone not null
  constraint idempotency_pkey PRIMARY KEY (tenant, client, key)

table identifier
  tenant integer not null
  rtype text collate "C" not null
  param text collate "C" not null
  value text collate "C" not null
  system text collate "C" not null
  id text collate "C" not null
  constraint identifier_pkey PRIMARY KEY (tenant, rtype, param, value, system, id)

table journal
  tenant integer not null
  n bigint not null
  at timestamp with time zone not null
  messages bigint[] not null
  constraint journal_pkey PRIMARY KEY (tenant, n)

table ledger
  tenant integer not null
  source text collate "C" not null
  line text collate "C" not null
  account_id text collate "C"
  rtype text collate "C" not null
  id text collate "C" not null
  kind text collate "C" not null
  code text collate "C" not null
  amount numeric not null
  currency text collate "C" not null
  content bytea not null
  message_id bigint not null
  original text collate "C"
  t bigint not null default 0
  m bigint not null default 0
  constraint ledger_kind_check CHECK (kind = ANY (ARRAY['CG'::text, 'CD'::text, 'PY'::text, 'AJ'::text, 'CO'::text]))
  constraint ledger_pkey PRIMARY KEY (tenant, source, line)
  INDEX ledger_account ON ledger USING btree (tenant, account_id, code, amount)

table lineage_shape
  tenant integer not null
  id text collate "C" not null
  spans jsonb not null
  constraint lineage_shape_pkey PRIMARY KEY (tenant, id)

table merge
  tenant integer not null
  rtype text collate "C" not null
  source_id text collate "C" not null
  target_id text collate "C" not null
  message_id bigint not null
  merged_at timestamp with time zone not null
  constraint merge_pkey PRIMARY KEY (tenant, rtype, source_id)
  INDEX merge_target ON merge USING btree (tenant, rtype, target_id)

table merge_journal
  tenant integer not null
  id text collate "C" not null
  rtype text collate "C" not null
  source_id text collate "C" not null
  target_id text collate "C" not null
  said jsonb not null
  merged_at timestamp with time zone not null
  moved jsonb not null
  undone_at timestamp with time zone
  message_id bigint not null
  constraint merge_journal_pkey PRIMARY KEY (tenant, id, source_id)

table message partition by RANGE (received_at)
  tenant integer not null
  received_at timestamp with time zone not null
  id bigint not null
  source text collate "C" not null
  channel text not null
  peer text
  control_id text
  event text collate "C"
  version text
  charset text
  raw bytea not null
  sha256 bytea not null
  state text not null
  cluster text collate "C"
  ack_code text
  ack bytea
  findings jsonb
  maps_hash text
  attempts integer not null default 0
  processed_at timestamp with time zone
  command jsonb
  constraint message_channel_check CHECK (channel = ANY (ARRAY['mllp'::text, 'http'::text, 'file'::text, 'fhir'::text]))
  constraint message_pkey PRIMARY KEY (tenant, received_at, id)
  constraint message_state_check CHECK (state = ANY (ARRAY['received'::text, 'processed'::text, 'parked'::text, 'held'::text, 'rejected'::text, 'failed'::text]))
  INDEX message_id ON ONLY message USING btree (tenant, id)
  INDEX message_state ON ONLY message USING btree (tenant, state, id) WHERE state = ANY (ARRAY['received'::text, 'parked'::text, 'held'::text, 'failed'::text, 'rejected'::text])

table message_default partition of message DEFAULT

table message_key
  tenant integer not null
  key bytea not null
  sha256 bytea not null
  message_id bigint not null
  received_at timestamp with time zone not null
  ack_code text
  constraint message_key_pkey PRIMARY KEY (tenant, key)

sequence message_number

table number
  tenant integer not null
  rtype text collate "C" not null
  param text collate "C" not null
  low numeric not null
  high numeric not null
  unit text collate "C" not null default ''::text
  id text collate "C" not null
  constraint number_pkey PRIMARY KEY (tenant, rtype, param, low, high, unit, id)

table outbox
  tenant integer not null
  id bigint not null
  subscriber text collate "C" not null
  cluster text collate "C" not null
  message_id bigint not null
  event text collate "C" not null
  change jsonb not null
  state text not null default 'pending'::text
  created_at timestamp with time zone not null
  constraint outbox_pkey PRIMARY KEY (tenant, id)
  constraint outbox_state_check CHECK (state = ANY (ARRAY['pending'::text, 'delivered'::text, 'refused'::text, 'failed'::text, 'dead'::text]))
  INDEX outbox_ready ON outbox USING btree (tenant, subscriber, id) WHERE state = 'pending'::text

table parked
  tenant integer not null
  system text collate "C" not null
  value text collate "C" not null
  message_id bigint not null
  received_at timestamp with time zone not null
  until timestamp with time zone not null
  constraint parked_pkey PRIMARY KEY (tenant, system, value, message_id)
  INDEX parked_until ON parked USING btree (tenant, until)

table progress
  tenant integer not null
  name text collate "C" not null
  subject text collate "C" not null
  place text[] not null
  constraint progress_pkey PRIMARY KEY (tenant, name)

table reference
  tenant integer not null
  target text collate "C" not null
  rtype text collate "C" not null
  param text collate "C" not null
  id text collate "C" not null
  constraint reference_pkey PRIMARY KEY (tenant, target, rtype, param, id)

table registry
  tenant integer not null
  rtype text collate "C" not null
  system text collate "C" not null
  value text collate "C" not null
  id text collate "C" not null
  since_m bigint
  since_i bigint
  constraint registry_pkey PRIMARY KEY (tenant, rtype, system, value)
  INDEX registry_id ON registry USING btree (tenant, id, rtype)

table resource with (fillfactor=85)
  tenant integer not null
  rtype text collate "C" not null
  id text collate "C" not null
  version integer not null
  seq bigint not null
  updated_at timestamp with time zone not null
  deleted boolean not null default false
  body jsonb not null
  hash bytea
  tokens bigint[] not null
  message_id bigint not null
  constraint resource_pkey PRIMARY KEY (tenant, rtype, id)
  INDEX resource_deleted ON resource USING btree (tenant, rtype) WHERE deleted
  INDEX resource_seq ON resource USING btree (tenant, rtype, seq DESC)
  INDEX resource_tokens ON resource USING gin (tokens) WITH (fastupdate='on', gin_pending_list_limit='256')

table string
  tenant integer not null
  rtype text collate "C" not null
  param text collate "C" not null
  norm text collate "C" not null
  id text collate "C" not null
  constraint string_pkey PRIMARY KEY (tenant, rtype, param, norm, id)

table superseded
  tenant integer not null
  rtype text collate "C" not null
  id text collate "C" not null
  version integer not null
  seq bigint not null
  updated_at timestamp with time zone not null
  op text not null
  body jsonb
  message_id bigint not null
  constraint superseded_op_check CHECK (op = ANY (ARRAY['create'::text, 'update'::text, 'delete'::text]))
  constraint superseded_pkey PRIMARY KEY (tenant, rtype, id, version)
  INDEX superseded_type ON superseded USING btree (tenant, rtype, seq DESC)

table todo with (fillfactor=70)
  tenant integer not null
  id bigint not null
  kind text not null
  cluster text collate "C" not null
  subject text collate "C" not null
  ready_at timestamp with time zone not null
  attempts integer not null default 0
  last_error text
  constraint todo_kind_check CHECK (kind = ANY (ARRAY['process'::text, 'match'::text, 'settle'::text]))
  constraint todo_pkey PRIMARY KEY (tenant, id)
  INDEX todo_cluster ON todo USING btree (tenant, kind, cluster, id)

sequence todo_number

table unmapped with (fillfactor=70)
  tenant integer not null
  source text collate "C" not null
  name text collate "C" not null
  code text collate "C" not null
  required boolean not null
  position text not null
  control_id text
  message_id bigint not null
  count bigint not null
  first_seen timestamp with time zone not null
  last_seen timestamp with time zone not null
  open boolean not null default true
  dirty boolean not null default true
  told_at timestamp with time zone
  constraint unmapped_pkey PRIMARY KEY (tenant, source, name, code)
  INDEX unmapped_dirty ON unmapped USING btree (tenant) WHERE dirty
