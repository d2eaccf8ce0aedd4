import { readFile } from 'node:fs/promises';
import type { SourceDatabase } from '../pipelines/source-database.ts';
import { cpuSeconds } from '../processes/process-usage.ts';
import type { PacedChanges } from './paced-changes.ts';

export interface Measured<T> {
  readonly result: T;
  readonly seconds: number;
  /** For people. */
  readonly line: string;
}

/** Seconds of a processor that the server has used; 0 when it runs elsewhere. */
async function processorSeconds(database: SourceDatabase): Promise<number> {
  const [row] = await database.rows('SELECT @@pid_file AS file, @@datadir AS folder');
  const file = String(row?.['file']);
  const path = file.startsWith('/') ? file : `${String(row?.['folder'])}${file}`;
  const pid = await readFile(path, 'utf8').catch(() => null);
  if (pid === null) return 0;
  return cpuSeconds(await readFile(`/proc/${pid.trim()}/stat`, 'latin1'));
}

/** How long something takes, and what the source and those who write into it notice of it. */
export async function measured<T>(
  what: string,
  database: SourceDatabase,
  writer: PacedChanges,
  work: () => Promise<T>,
): Promise<Measured<T>> {
  writer.latencies();
  const [written, used, begun] = [writer.written, await processorSeconds(database), performance.now()];
  const result = await work();
  const seconds = (performance.now() - begun) / 1000;
  const processor = ((await processorSeconds(database)) - used) / seconds;
  const { p50, p99 } = writer.latencies();
  const changes = Math.round((writer.written - written) / seconds);
  const line = `${what}: ${seconds.toFixed(1)} s; source ${(processor * 100).toFixed(0)} % of a processor; ${changes} changes/s, commits p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
  return { result, seconds, line };
}
