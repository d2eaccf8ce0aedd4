import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { previousRelease } from './previous-release.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-releases-'));
afterAll(() => rmSync(folder, { recursive: true }));

function at(date: string, ...args: readonly string[]): string {
  const who = ['-c', 'user.name=x', '-c', 'user.email=x@example.com', '-c', 'tag.gpgSign=false'];
  const env = {
    ...process.env,
    GIT_COMMITTER_DATE: date,
    GIT_AUTHOR_DATE: date,
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
  const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'ignore'];
  return execFileSync('git', [...who, ...args], { cwd: folder, env, encoding: 'utf8', stdio }).trim();
}
const git = (...args: readonly string[]): string => at('2026-01-01T00:00:00Z', ...args);
const commit = (date: string): void => void at(date, 'commit', '--quiet', '--allow-empty', '--message', date);
const shown = (): string => git('log', '-1', '--format=%s', previousRelease(git));

test('the release before is the newest tag before this commit, else the last commit of an earlier day', () => {
  git('init', '--quiet');
  commit('2026-03-01T10:00:00Z');
  commit('2026-03-01T11:00:00Z');
  expect(shown()).toBe('2026-03-01T10:00:00Z');
  commit('2026-03-02T09:00:00Z');
  commit('2026-03-02T10:00:00Z');
  expect(shown()).toBe('2026-03-01T11:00:00Z');
  git('tag', 'v0.1.0', 'HEAD~3');
  git('tag', 'other', 'HEAD~1');
  expect(previousRelease(git)).toBe('v0.1.0');
  git('tag', 'v0.2.0');
  expect(previousRelease(git)).toBe('v0.1.0');
  commit('2026-03-03T10:00:00Z');
  expect(previousRelease(git)).toBe('v0.2.0');
});
