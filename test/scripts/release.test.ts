import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const clone = mkdtempSync(join(tmpdir(), 'sluice-release-'));
afterAll(() => rmSync(clone, { recursive: true }));

const NAMES = { GIT_AUTHOR_NAME: 'test', GIT_COMMITTER_NAME: 'test' };
const ADDRESSES = { GIT_AUTHOR_EMAIL: 'test@example.com', GIT_COMMITTER_EMAIL: 'test@example.com' };

function run(program: string, args: readonly string[], cwd = clone) {
  const env = { ...process.env, ...NAMES, ...ADDRESSES };
  const end = spawnSync(program, args, { cwd, env, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
  return { code: end.status, output: end.stdout, said: end.stderr };
}

const release = (...args: readonly string[]) =>
  run(process.execPath, ['packages/tools/src/release/main.ts', ...args]);

/** Makes these two of a release, and sums them up. */
function chartAndBill(folder: string): string {
  const take = `import { stepsOf } from './packages/tools/src/release/artefacts.ts';
    const steps = stepsOf({ root: process.cwd(), version: '9.8.7', folder: '${folder}', notes: '' });
    for (const { says, take } of steps) if (/^(chart|bill)/u.test(says)) take();`;
  mkdirSync(join(clone, folder));
  expect(run(process.execPath, ['--input-type=module', '--eval', take])).toMatchObject({ code: 0 });
  return run('sh', ['-c', `cd ${folder} && sha256sum *`]).output;
}

function commit(): void {
  run('git', ['add', '--all']);
  expect(
    run('git', ['-c', 'commit.gpgsign=false', 'commit', '--quiet', '--message', 'Release']),
  ).toMatchObject({
    code: 0,
  });
}

/** The files of the repository as they are now, in a repository of their own. */
function makeClone(): void {
  const files = 'git ls-files -z --cached --others --exclude-standard';
  const copy = `${files} | tar --null --files-from=- --ignore-failed-read -cf - | tar -xf - -C "$0"`;
  expect(run('sh', ['-c', copy, clone], ROOT).code).toBe(0);
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  expect(run('git', ['init', '--quiet']).code).toBe(0);
  writeFileSync(join(clone, '.git/info/exclude'), 'node_modules\n');
  commit();
}

test(
  'a commit is released when its version, its changelog and its tree are those of a release',
  { timeout: 60_000 },
  () => {
    makeClone();
    const { code, output } = release('9.8.7', '--dry-run');
    expect(code).toBe(1);
    expect(output).toContain('not ready: package.json: version');
    expect(output).toContain('not ready: infra/helm/sluice/Chart.yaml: appVersion');
    expect(output).toContain('not ready: CHANGELOG.md has no section ## [9.8.7]');

    expect(release('prepare', '9.8.7')).toMatchObject({ code: 0 });
    expect(release('9.8.7', '--dry-run')).toMatchObject({
      code: 1,
      output: expect.stringMatching(
        /not ready: infra\/kubernetes\/base\/capture\.yaml: another version[^]*not ready: the working tree has changes/,
      ) as unknown,
    });
    // As npm run manifests would.
    const render = String.raw`grep -rl '0\.1\.0' infra/kubernetes/base infra/kubernetes/overlays | xargs sed -i 's/0\.1\.0/9.8.7/g'`;
    expect(run('sh', ['-c', render]).code).toBe(0);
    commit();
    const ready = release('9.8.7', '--dry-run');
    expect([ready.code, ready.output.match(/not ready.*/gu)]).toEqual([0, null]);
    expect(ready.output).toContain('packages/cli packages/compare');
    expect(ready.output).toContain('would make chart: sluice-9.8.7.tgz');
    expect(ready.output).toContain('no images: no --registry');
    expect(ready.output).toMatch(/^\d+ of \d+ images are named by their tags alone: npm run pin$/mu);
    expect(ready.output).toContain('would set the tag v9.8.7 on ');
    expect([existsSync(join(clone, 'release')), run('git', ['tag']).output]).toEqual([false, '']);
    const lock = JSON.parse(readFileSync(join(clone, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly version?: string }>>;
    };
    expect(lock.packages['packages/cli']?.version).toBe('9.8.7');

    // What is in no commit is in no chart, and two runs give the same bytes.
    writeFileSync(join(clone, 'infra/helm/sluice/.env'), 'SECRET=x');
    const sums = ['first', 'second'].map((folder) => chartAndBill(folder));
    expect(sums[0]).toMatch(
      /^[0-9a-f]{64} {2}sluice-9\.8\.7\.cdx\.json\n[0-9a-f]{64} {2}sluice-9\.8\.7\.tgz\n$/u,
    );
    expect(sums[1]).toBe(sums[0]);
    const { output: packed } = run('tar', ['-tzf', 'first/sluice-9.8.7.tgz']);
    expect(packed).toContain('sluice/Chart.yaml\n');
    expect(packed).toMatch(/^sluice\/files\/rules\/\S+\.ya?ml$/mu);
    expect(packed).not.toContain('.env');

    run('git', ['tag', 'v9.8.7']);
    expect(release('9.8.7')).toMatchObject({
      code: 1,
      output: expect.stringContaining('not ready: the tag v9.8.7 is there already') as unknown,
    });
    expect(release('prepare', '9.9.0', '--dry-run').code).toBe(2);
    expect(release('9.8')).toMatchObject({ code: 2, said: expect.stringContaining('usage') as unknown });
  },
);
