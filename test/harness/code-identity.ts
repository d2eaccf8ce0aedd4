import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';

/** Names the code that runs: the commit, and a digest of what has changed since, pages apart. */
export function codeIdentity(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8', maxBuffer: 1 << 28 }).trim();
  try {
    const head = git('rev-parse', '--short=12', 'HEAD');
    const changed = git('diff', 'HEAD', '--', ':/', ':(exclude,top)*.md');
    if (changed === '') return head;
    return `${head}+${createHash('sha256').update(changed).digest('hex').slice(0, 8)}`;
  } catch {
    // No repository: nothing is known to have run with this code.
    return `unknown-${Date.now()}`;
  }
}
