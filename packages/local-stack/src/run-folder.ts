import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sweepDeadRuns } from './sweep.ts';

/** The path of a new run's folder, which its supervisor makes. What dead runs have left behind is removed first. @param runs folder of all runs */
export async function newRunFolder(runs: string): Promise<string> {
  await mkdir(runs, { recursive: true });
  await sweepDeadRuns(runs);
  return join(runs, randomBytes(6).toString('hex'));
}
