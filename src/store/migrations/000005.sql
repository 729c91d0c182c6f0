-- Credits find their charges in whatever order both come: which line a line names, and when it was entered.
alter table ledger
  drop column offset_by,
  add column original text collate "C",
  add column t bigint not null default 0,
  add column m bigint not null default 0;
update ledger set code = '' where code is null;
alter table ledger alter column code set not null;

-- Busy intervals by actor and day (since the epoch, UTC): who else has booked the actor is found without reading appointments.
-- Times in milliseconds since the epoch; 'since' is when the actor was booked for them.
create table busy (
  tenant integer not null,
  actor text collate "C" not null,
  day integer not null,
  appointment text collate "C" not null,
  starts bigint not null,
  ends bigint not null,
  since bigint not null,
  primary key (tenant, actor, day, appointment, starts)
);
create index busy_appointment on busy (tenant, appointment);
