import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild } from './runner/child.ts';
import { previousRelease } from './runner/previous-release.ts';

/**
 * `npm run test:upgrade [-- REF]`: from the release before (its tag, or REF) to this commit and back, by docs/upgrading.md, with an hour's worth
 * of changes while both run; then a handover between their captures at 500 transactions a second. Exit code 1 when it did not go on, lost or
 * repeated a change, or took too long.
 */

const ROOT = join(import.meta.dirname, '..');
const STEP_MS = 1_500_000;
/** Changes while both run: an hour of the demo's 20 transactions a second. */
const ROWS = process.env['SLUICE_UPGRADE_ROWS'] ?? '72000';

async function step(command: readonly [string, ...string[]], cwd: string, env = process.env): Promise<void> {
  const { code, timedOut } = await runChild(command, { cwd, env, timeoutMs: STEP_MS });
  if (code !== 0) throw new Error(`${command.join(' ')} ${timedOut ? 'took too long' : 'failed'}`);
}

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

const [ref = previousRelease(git)] = process.argv.slice(2);
process.stdout.write(`the release before: ${git('log', '-1', '--format=%h of %ci, %s', ref)} (${ref})\n`);
const folder = await mkdtemp(join(tmpdir(), 'sluice-upgrade-'));
try {
  const archive = join(folder, 'sources.tar');
  await step(['git', 'archive', '--output', archive, ref], ROOT);
  await step(['tar', '--extract', '--file', archive, '--directory', folder], ROOT);
  await step(['npm', 'ci', '--prefer-offline', '--no-audit', '--no-fund'], folder);
  const env = { ...process.env, SLUICE_PREVIOUS: folder, SLUICE_UPGRADE_ROWS: ROWS };
  for (const file of ['upgrade', 'handover'])
    await step(['npm', 'test', '--', 'e2e', `test/e2e/${file}.e2e.test.ts`], ROOT, env);
} finally {
  await rm(folder, { recursive: true, force: true });
}
