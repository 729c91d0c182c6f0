-- Operators look at what was refused as well as at what waits: both are few, and found without reading the others.
drop index message_state;
create index message_state on message (tenant, state, id) where state in ('received', 'parked', 'held', 'failed', 'rejected');
