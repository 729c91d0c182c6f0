-- What rebuilding the truth replays: the order in which messages were applied, one row for each batch. n comes from the counter
-- of changes, so that the rows are in the order of their commits. A message that is taken up again stands in both batches.
create table journal (
  tenant int not null,
  n bigint not null,
  at timestamptz not null,
  messages bigint[] not null,
  primary key (tenant, n)
);

-- What the write of a client, or the decision of an operator, came to: their bytes alone do not say it.
alter table message add column command jsonb;

-- How far work that goes through everything has come: recomputing after a change of the site's policy.
create table progress (
  tenant int not null,
  name text collate "C" not null,
  subject text collate "C" not null,           -- what it is for; other work starts from the beginning
  place text[] not null,                       -- the last key that is done
  primary key (tenant, name)
);
