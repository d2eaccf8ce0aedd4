import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { closureOf, readManifest } from './versions.ts';

/** What runs of the repository; packages that it needs come along. */
const COMMAND = '@sluice/cli';
const CHART = 'infra/helm/sluice';
const SUMS = 'SHA256SUMS';

export interface Release {
  readonly root: string;
  readonly version: string;
  /** New, and the release's own. */
  readonly folder: string;
  readonly notes: string;
}

/** What a release makes, in the order in which it does: what is said of each step, and the step. */
export function stepsOf(release: Release): readonly { readonly says: string; readonly take: () => void }[] {
  const { root, version, folder, notes } = release;
  const packed = packedFolders(root);
  return [
    { says: 'npm run build: compiled JavaScript', take: () => void run(root, 'npm', ['run', 'build']) },
    { says: `npm pack: ${packed.length} packages, ${packed.join(' ')}`, take: () => pack(release, packed) },
    { says: `chart: sluice-${version}.tgz`, take: () => packChart(release) },
    { says: `bill of materials: sluice-${version}.cdx.json`, take: () => writeBill(release) },
    { says: 'notes: NOTES.md', take: () => writeFileSync(join(folder, 'NOTES.md'), notes) },
    { says: `checksums: ${SUMS}`, take: () => writeSums(folder) },
  ];
}

function packedFolders(root: string): readonly string[] {
  const services = globSync('services/*', { cwd: root }).map(
    (service) => readManifest(root, join(service, 'package.json')).name,
  );
  return closureOf(root, [COMMAND, ...services]);
}

function pack({ root, folder }: Release, folders: readonly string[]): void {
  mkdirSync(join(folder, 'packages'));
  const compiled = folders.map((each) => `./dist/${each}`);
  run(root, 'npm', ['pack', '--silent', '--pack-destination', join(folder, 'packages'), ...compiled]);
}

/**
 * One folder of the chart's name, with what its links lead to: the files that the commit has, in the order of their names, with its time. So two
 * runs of one commit give the same bytes.
 */
function packChart({ root, version, folder }: Release): void {
  const made = join(folder, `sluice-${version}.tgz`);
  const fixed = ['--dereference', '--sort=name', '--owner=0', '--group=0', '--numeric-owner'];
  const time = [`--mtime=@${committedAt(root)}`, '--mode=u=rw,go=r', '--use-compress-program=gzip --no-name'];
  run(root, 'tar', [...fixed, ...time, '-cf', made, '-C', join(root, CHART, '..'), ...chartFiles(root)]);
}

/** Below the folder of all charts. What is behind a link to a folder is a file of its own. */
function chartFiles(root: string): readonly string[] {
  const parent = join(root, CHART, '..');
  const tracked = run(root, 'git', ['ls-files', '-z', '--', CHART]).split('\0').filter(Boolean);
  const files = tracked.flatMap((file) => {
    const path = realpathSync(join(root, file));
    if (!statSync(path).isDirectory()) return [file];
    const behind = run(root, 'git', ['ls-files', '-z', '--', path]).split('\0').filter(Boolean);
    return behind.map((each) => join(file, relative(path, join(realpathSync(root), each))));
  });
  return files.map((file) => relative(parent, join(root, file))).toSorted();
}

/** Seconds since 1970. */
function committedAt(root: string): number {
  return Number(run(root, 'git', ['log', '-1', '--format=%ct']));
}

/** npm gives it a number and the time of now: here both are the commit's. */
function writeBill({ root, version, folder }: Release): void {
  const bill = JSON.parse(run(root, 'npm', ['run', '--silent', 'sbom'])) as {
    serialNumber: string;
    readonly metadata: { timestamp: string };
  };
  bill.serialNumber = `urn:uuid:${uuidOf(run(root, 'git', ['rev-parse', 'HEAD']).trim())}`;
  bill.metadata.timestamp = new Date(committedAt(root) * 1000).toISOString();
  writeFileSync(join(folder, `sluice-${version}.cdx.json`), `${JSON.stringify(bill, null, 2)}\n`);
}

/** A UUID of version 8, whose bits are free (RFC 9562, section 5.8). */
function uuidOf(name: string): string {
  const digits = createHash('sha256').update(name).digest('hex').slice(0, 32).split('');
  digits[12] = '8';
  digits[16] = '8';
  return digits.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5');
}

/** In the form that `sha256sum --check` reads. */
function writeSums(folder: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
  const lines = files.map((file) => `${sumOf(join(folder, file))}  ${file}\n`);
  writeFileSync(join(folder, SUMS), lines.join(''));
}

const sumOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Standard output. Throws what the program says when it fails. */
export function run(cwd: string, program: string, args: readonly string[]): string {
  const end = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
  if (end.status === 0) return end.stdout;
  throw new Error(`${program} ${args.join(' ')}: ${end.error?.message ?? `${end.stdout}${end.stderr}`}`);
}
