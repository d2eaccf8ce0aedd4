/**
 * `npm run build`: compiled JavaScript of everything that is run by others than its developers, in `dist/`. It has the
 * folders of the repository and runs where it is made; moved elsewhere, `npm ci --omit=dev` in it installs what it needs.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '../../../..');
const TARGET = join(ROOT, 'dist');
const WORKSPACES = ['packages/*', 'services/*'];
const COPIED = [
  'package-lock.json',
  '.npmrc',
  'packages/cli/bin/sluice.mjs',
  'packages/envelope/schema/envelope-v1.schema.json',
];

interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly [member: string]: unknown;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
}

function writeManifest(folder: string, manifest: object): void {
  writeFileSync(join(TARGET, folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Exports name the compiled files; those of the tests are not there. */
function compiledManifest({ exports = {}, devDependencies: _, scripts: __, ...manifest }: Manifest): object {
  const kept = Object.entries(exports).filter(([, file]) => !/\/(test|testing)\//.test(file));
  const compiled = kept.map(([name, file]) => [name, file.replace(/\.ts$/, '.js')]);
  return { ...manifest, exports: Object.fromEntries(compiled) as Record<string, string> };
}

/** As npm does for workspaces and their commands, so that nothing has to be installed to run what was built here. */
function link(path: string, target: string): void {
  const at = join(TARGET, 'node_modules', path);
  mkdirSync(dirname(at), { recursive: true });
  symlinkSync(relative(dirname(at), join(TARGET, target)), at);
}

function build(): void {
  rmSync(TARGET, { recursive: true, force: true });
  const compiler = join(ROOT, 'node_modules/.bin/tsc');
  const { status } = spawnSync(compiler, ['-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error(`tsc ended with ${String(status)}`);
  for (const file of COPIED) cpSync(join(ROOT, file), join(TARGET, file));
  for (const folder of globSync(WORKSPACES, { cwd: ROOT })) {
    const manifest = readManifest(folder);
    writeManifest(folder, compiledManifest(manifest));
    link(manifest.name, folder);
  }
  const { name, version, description, license, type, engines } = readManifest('.');
  writeManifest('.', {
    name,
    version,
    private: true,
    description,
    license,
    type,
    engines,
    workspaces: WORKSPACES,
  });
  link('.bin/sluice', 'packages/cli/bin/sluice.mjs');
  chmodSync(join(TARGET, 'packages/cli/bin/sluice.mjs'), 0o755);
}

build();
console.log(
  `${basename(TARGET)}/ is made: put ${join(TARGET, 'node_modules/.bin')} into PATH, or copy the folder`,
);
