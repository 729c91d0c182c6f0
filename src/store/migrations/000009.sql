-- Parked messages whose time is over are found without reading the others.
create index parked_until on parked (tenant, until);
