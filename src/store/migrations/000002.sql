-- The answer outlives the message: retention drops partitions of the log, and a message that was refused must not be
-- answered with AA when it comes again. Null = AA, which nearly all are: their rows do not grow.
alter table message_key add column ack_code text;
update message_key k set ack_code = m.ack_code
from message m
where m.tenant = k.tenant and m.received_at = k.received_at and m.id = k.message_id and m.ack_code <> 'AA';
