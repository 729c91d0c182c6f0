// An app over a real test database, with a gateway that keeps what it is given: for tests of the HTTP surface.
import { Registry } from 'prom-client'
import type { Inbound, Reply } from '../../src/adapters/adapter.ts'
import type { Client, Site, Source } from '../../src/canonical/site.ts'
import type { DryRun, FhirWrite, FhirWritten, Gateway, LineageEntry } from '../../src/pipeline/gateway.ts'
import { createApp } from '../../src/server/app.ts'
import type { AppOptions } from '../../src/server/context.ts'
import type { Database } from '../../src/store/db.ts'
