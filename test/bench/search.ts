import type { Cluster } from './cluster.ts'
import type { Report } from './report.ts'
export async function benchSearch(_c: Cluster, _r: Report, _s: readonly number[]): Promise<void> {}
