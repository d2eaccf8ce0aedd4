import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { lightBuiltins, oneLocale } from './lighter-loading.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
/** What programs load of services while they run: `sink-kit/src/installed-sinks.ts`. */
const PARTS = [
  './main',
  './config',
  './errors',
  './preview',
  './doctor',
  './compare',
  './repair',
  './rebuild',
  './plan',
  './published',
  './published-rows',
  './orphans',
];
/** They load files that lie beside them. */
const UNBUNDLED = ['@node-rs/crc32', '@bokuweb/zstd-wasm', '@platformatic/wasm-utils'];
/**
 * While it is loaded, the Kafka client compiles a validator for the options of each client that it offers. Sluice uses its connections
 * and requests, no client: without them a process starts in half of the processor time.
 */
const OPTIONS_CHECKS = /\/node_modules\/(@platformatic\/kafka|ajv)\//;
const CODE = 'code';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
}

export interface BuiltPrograms {
  /** Makes tests start these (`test/harness/processes/programs.ts`). */
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

/**
 * Services and command, each built into one file and a few shared ones. The suites start about a thousand processes of them: from
 * its sources one finds, reads and links a thousand modules before its first line runs, which takes three times the processor time.
 * Those that the environment names already are used; `SLUICE_TEST_PROGRAMS=` stands for the sources.
 */
export async function buildPrograms(): Promise<BuiltPrograms> {
  if (process.env['SLUICE_TEST_PROGRAMS'] !== undefined) return { env: {}, remove: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'sluice-programs-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    await build(folder);
  } catch (error) {
    remove();
    throw error;
  }
  return { env: { SLUICE_TEST_PROGRAMS: join(folder, CODE) }, remove };
}

async function build(folder: string): Promise<void> {
  const input: Record<string, string> = { sluice: join(REPOSITORY, 'packages/cli/src/sluice.ts') };
  for (const service of globSync('services/*', { cwd: REPOSITORY }))
    Object.assign(input, addService(folder, service));
  const { version } = manifestOf('packages/runtime');
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ version, type: 'module' }));
  for (const name of UNBUNDLED) link(folder, name);
  await using bundle = await rolldown({
    input,
    platform: 'node',
    external: UNBUNDLED,
    treeshake: {
      moduleSideEffects: (id) => !OPTIONS_CHECKS.test(id),
      manualPureFunctions: ['ajv', 'Ajv2020'],
    },
    plugins: [lightBuiltins(), oneLocale()],
    logLevel: 'silent',
  });
  await bundle.write({
    dir: join(folder, CODE),
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: 'shared-[hash].mjs',
    // A third of what is read and kept compiled; names stay, for who reads a stack.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  });
}

/** Makes the package of a service, for those who look for installed ones, and returns what is to be built of it by name. */
function addService(folder: string, service: string): Record<string, string> {
  const { name, exports } = manifestOf(service);
  const own = join(folder, 'node_modules', name);
  mkdirSync(own, { recursive: true });
  const parts = Object.entries(exports).filter(([part]) => PARTS.includes(part));
  const entry = (part: string): string => `${basename(service)}-${basename(part)}`;
  const built = parts.map(
    ([part]) => [part, relative(own, join(folder, CODE, `${entry(part)}.mjs`))] as const,
  );
  writeFileSync(join(own, 'package.json'), JSON.stringify({ name, exports: Object.fromEntries(built) }));
  return Object.fromEntries(parts.map(([part, file]) => [entry(part), join(REPOSITORY, service, file)]));
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(REPOSITORY, folder, 'package.json'), 'utf8')) as Manifest;
}

function link(folder: string, name: string): void {
  const at = join(folder, 'node_modules', name);
  mkdirSync(dirname(at), { recursive: true });
  symlinkSync(join(REPOSITORY, 'node_modules', name), at);
}
