// postgresql.conf and pg_hba.conf of the embedded server (PostgreSQL manual, chapters 20 and 21). Written at each start.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Folder, port, writeWhole } from './folder.ts'
import type { Account } from './types.ts'

/** One setting a line; the reason where it is not the default. */
function settings(sockets: string): Record<string, string> {
  return {
    // Nobody comes over the network: the only way in is a socket in a folder of mode 0700, with a password.
    listen_addresses: '',
    port: String(port),
    unix_socket_directories: sockets,
    unix_socket_permissions: '0700',
    password_encryption: 'scram-sha-256',
    cluster_name: 'portico',

    // An acknowledged message survives the loss of power. These are the defaults; they stand here so that
    // nobody has to look them up. Grouped commits make synchronous_commit=off worth nothing (17.8 k/s to 17.5 k/s).
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',

    max_connections: '100',
    // One batch takes a lock for each patient in it.
    max_locks_per_transaction: '256',
    shared_buffers: '128MB',
    maintenance_work_mem: '64MB',
    max_wal_size: '1GB',
    min_wal_size: '80MB',
    wal_compression: 'on',
    // Disks of today find pages anywhere at nearly the same cost; short queries lose by compiling them.
    random_page_cost: '1.1',
    jit: 'off',
    // Two cores have better things to do, and parallel workers need /dev/shm, of which containers have 64 MB.
    max_parallel_workers_per_gather: '0',
    timezone: 'UTC',
    datestyle: 'ISO, YMD',

    // One file per weekday, each overwritten after a week. What the server says of an error may quote a row,
    // so errors of statements (they reach the gateway anyway) and details are left out.
    logging_collector: 'on',
    log_directory: 'log',
    log_filename: 'postgresql-%a.log',
    log_file_mode: '0600',
    log_rotation_age: '1d',
    log_rotation_size: '0',
    log_truncate_on_rotation: 'on',
    log_timezone: 'UTC',
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_parameter_max_length_on_error: '0',
  }
}

/**
 * Writes both files when they differ. `sockets`: the socket folder as the server sees it. `more` is for tests and
 * benchmarks that measure what a setting is worth.
 */
export function writeSettings(
  folder: Folder,
  sockets: string,
  account: Account | undefined,
  more: Readonly<Record<string, string>>,
): void {
  const lines = Object.entries({ ...settings(sockets), ...more }).map(
    ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`,
  )
  const head = '# Written by the gateway at each start: changes made here are lost.\n'
  writeChanged(join(folder.cluster, 'postgresql.conf'), `${head}${lines.join('\n')}\n`, account)
  writeChanged(join(folder.cluster, 'pg_hba.conf'), `${head}local all all scram-sha-256\n`, account)
}

function writeChanged(path: string, text: string, account: Account | undefined): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  writeWhole(path, text, account)
}
