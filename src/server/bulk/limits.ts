// Limits of bulk exports (docs/reference/limits.md).

export const bulkLimits = {
  /** Bytes of a file, unless one resource has more. */
  maxFileBytes: 67_108_864,
  /** Bytes of text that are compressed and stored at a time. */
  chunkBytes: 524_288,
  /** How long files are kept, in ms. */
  lifetimeMs: 86_400_000,
  /** In progress, of all clients and of one. */
  maxOpen: 20,
  maxOpenPerClient: 3,
  /** In progress or with files that are kept, of one client. */
  maxKeptPerClient: 100,
  /** That one gateway works on at a time. */
  maxRunning: 2,
  maxPatients: 20_000,
  maxTypeFilters: 100,
  /** Times that an export is begun. */
  maxAttempts: 3,
  /** ms of one statement of an export. */
  statementTimeoutMs: 600_000,
  /** Deletions of one Bundle. */
  maxDeletedPerBundle: 100,
  /** Levels of Groups in Groups. */
  maxGroupDepth: 5,
} as const

export type BulkLimits = { readonly [name in keyof typeof bulkLimits]: number }
