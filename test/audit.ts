import { execFile } from 'node:child_process';
import { join } from 'node:path';

/**
 * `npm run audit`: asks the registry for advisories about what is installed for users. Exit code 1 for one that is high or critical; a
 * registry that keeps none (npm's error of the endpoint) is told, and is no failure.
 */

interface Answer {
  readonly metadata?: { readonly vulnerabilities?: Readonly<Record<string, number>> };
  readonly message?: string;
  readonly error?: { readonly summary?: string };
}

const ROOT = join(import.meta.dirname, '..');
const FAILING = ['high', 'critical'];

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

const text = await new Promise<string>((resolve) => {
  const args = ['audit', '--json', '--package-lock-only', '--omit', 'dev'];
  // Its exit code is 1 for advisories and for a registry without any: what it prints tells.
  execFile('npm', args, { cwd: ROOT, timeout: 120_000 }, (_, stdout) => resolve(stdout));
});
const answer = JSON.parse(text || '{}') as Answer;
const counts = answer.metadata?.vulnerabilities;
if (counts === undefined) {
  const reason = answer.message ?? answer.error?.summary ?? 'no answer';
  say(`NOT CHECKED: the registry gave no advisories (${reason.split(' - ')[0]})`);
} else {
  say(`advisories: ${JSON.stringify(counts)}`);
  if (FAILING.some((severity) => (counts[severity] ?? 0) > 0)) {
    say('`npm audit --omit dev` names them');
    process.exitCode = 1;
  }
}
