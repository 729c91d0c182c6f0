-- Deleted resources are few: counted here, so that counting all of a type reads an index and no row.
create index resource_deleted on resource (tenant, rtype) where deleted;
