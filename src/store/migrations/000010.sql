-- Events of a visit that no longer decide anything, because the same source has said all of it again since: set aside, so that
-- a message costs the same however many came before it. They are taken back when something comes that is as old as they are.
create table contribution_past (
  tenant int not null,
  rtype text collate "C" not null,
  id text collate "C" not null,
  source text collate "C" not null,
  key text collate "C" not null,
  body text not null,
  message_id bigint not null,
  t bigint,
  m bigint,
  primary key (tenant, rtype, id, source, key)
);
alter table todo drop constraint todo_kind_check;
alter table todo add constraint todo_kind_check check (kind in ('process', 'match', 'settle'));
