-- A version is written once: `resource` has the current ones, `superseded` those that were replaced, `history` is both.
-- Most of what a feed makes is never changed again, so that most bodies are no longer stored, sent and indexed twice.
alter table history rename to superseded;
alter index history_pkey rename to superseded_pkey;
alter index history_type rename to superseded_type;
alter table superseded rename constraint history_op_check to superseded_op_check;
-- A history of everything goes by the types that the client may read.
drop index history_seq;

alter table resource add column message_id bigint;
update resource r set message_id = s.message_id
from superseded s
where s.tenant = r.tenant and s.rtype = r.rtype and s.id = r.id and s.version = r.version;
alter table resource alter column message_id set not null;
delete from superseded s using resource r
where r.tenant = s.tenant and r.rtype = s.rtype and r.id = s.id and r.version = s.version;

-- With what is deleted, which is a version, too.
drop index resource_seq;
create index resource_seq on resource (tenant, rtype, seq desc);

create view history as
select tenant, rtype, id, version, seq, updated_at, op, body, message_id
from superseded
union all
select tenant, rtype, id, version, seq, updated_at,
  case when deleted then 'delete' when version = 1 then 'create' else 'update' end,
  case when not deleted then body end, message_id
from resource;

-- New entries are gathered and sorted before they enter the tree; a search reads what waits, which this keeps short.
alter index resource_tokens set (fastupdate = on, gin_pending_list_limit = 256);

-- Read and written as a whole, and by nobody inside the store: as text it is copied where jsonb was parsed and printed.
-- What most statements change is that the same was said once more: times and message stand outside of the body.
alter table contribution add column t bigint, add column m bigint;
alter table contribution alter column body type text using body::text;
