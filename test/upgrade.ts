import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild } from './runner/child.ts';

/**
 * `npm run test:upgrade [-- REF]`: the capture of another commit (the one before) runs, this one stands by and is handed the stream, at 500
 * transactions a second. Exit code 1 when it did not go on, lost or repeated a change, or took too long.
 */

const ROOT = join(import.meta.dirname, '..');
const STEP_MS = 600_000;

async function step(command: readonly [string, ...string[]], cwd: string, env = process.env): Promise<void> {
  const { code, timedOut } = await runChild(command, { cwd, env, timeoutMs: STEP_MS });
  if (code !== 0) throw new Error(`${command.join(' ')} ${timedOut ? 'took too long' : 'failed'}`);
}

const [ref = 'HEAD~1'] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'sluice-upgrade-'));
try {
  const archive = join(folder, 'sources.tar');
  await step(['git', 'archive', '--output', archive, ref], ROOT);
  await step(['tar', '--extract', '--file', archive, '--directory', folder], ROOT);
  await step(['npm', 'ci', '--prefer-offline', '--no-audit', '--no-fund'], folder);
  const env = { ...process.env, SLUICE_PREVIOUS: folder };
  await step(['npm', 'test', '--', 'e2e', 'test/e2e/handover'], ROOT, env);
} finally {
  await rm(folder, { recursive: true, force: true });
}
