import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RawResult, RawTask } from './raw-task.ts';

const TIMEOUT_MS = 120_000;

export interface RawSpeed {
  readonly rowsPerSecond: number;
  readonly cpuMicrosPerRow: number;
}

/** Runs a task in its own process. @param rows what the result is divided by */
export async function runRaw(task: RawTask, rows: number): Promise<RawSpeed> {
  const main = join(import.meta.dirname, 'main.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [main, JSON.stringify(task)], {
    timeout: TIMEOUT_MS,
  });
  const result = JSON.parse(stdout) as RawResult;
  return { rowsPerSecond: rows / result.seconds, cpuMicrosPerRow: result.cpuMicros / rows };
}
