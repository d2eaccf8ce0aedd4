import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** As `helm package` does it: one folder of the chart's name, with what its links lead to. */
function packChart({ root, version, folder }: Release): void {
  const made = join(folder, `sluice-${version}.tgz`);
  run(root, 'tar', [
    '--dereference',
    '--owner=0',
    '--group=0',
    '--sort=name',
    '-czf',
    made,
    '-C',
    join(root, CHART, '..'),
    'sluice',
  ]);
}

function writeBill({ root, version, folder }: Release): void {
  writeFileSync(join(folder, `sluice-${version}.cdx.json`), run(root, 'npm', ['run', '--silent', 'sbom']));
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
