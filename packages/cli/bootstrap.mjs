/**
 * `npm start`, `npm test` and so on begin here, on whatever Node the machine has and with nothing installed:
 * this file installs the dependencies if they do not fit package-lock.json, then runs the TypeScript entry
 * under the repository's own Node. Hence plain JavaScript and Node's own modules only.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const ENTRIES = {
  start: 'packages/demo/src/main.ts',
  test: 'test/run.ts',
  nightly: 'test/nightly.ts',
  audit: 'test/audit.ts',
  upgrade: 'test/upgrade.ts',
  bench: 'test/bench/main.ts',
  'bench-scrape': 'test/bench/scrape/main.ts',
  'bench-big': 'test/bench/big/main.ts',
  'bench-traces': 'test/bench/traces/main.ts',
  'bench-start': 'test/bench/start/main.ts',
  fuzz: 'packages/binlog/test/fuzz/main.ts',
  'fuzz-http': 'packages/runtime/test/fuzz/main.ts',
  faults: 'test/faults/run.ts',
  soak: 'test/faults/soak.ts',
  build: 'packages/tools/src/build/main.ts',
  torture: 'test/torture/main.ts',
  schemas: 'test/schemas/main.ts',
  generate: 'packages/tools/src/generate.ts',
  cluster: 'test/cluster/main.ts',
  manifests: 'packages/tools/src/kubernetes/main.ts',
  pin: 'packages/tools/src/pins/main.ts',
  release: 'packages/tools/src/release/main.ts',
  sluice: 'packages/cli/src/sluice.ts',
};
const ROOT = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const MODULES = join(ROOT, 'node_modules');
/** A package of its own for each platform, so that package-lock.json holds the checksum of the program that runs everything. */
const NODE = join(MODULES, `node-${process.platform}-${process.arch}/bin/node`);
/** BSD's sysexits.h, as all of Sluice: wrong use, and a machine that lacks something. */
const EX_USAGE = 64;
const EX_UNAVAILABLE = 69;
/** Of a failed `npm ci`: the reason comes first, then pages of usage. */
const LINES_OF_NPM = 8;

/** @returns {never} */
function fail(line, code) {
  process.stderr.write(`${line}\n`);
  process.exit(code);
}

/** npm writes what it has installed into node_modules/.package-lock.json, and does so last. */
function isInstalled() {
  const wanted = readPackages(join(ROOT, 'package-lock.json'));
  const found = readPackages(join(MODULES, '.package-lock.json'));
  if (wanted === null) fail('package-lock.json is missing or cannot be read', EX_UNAVAILABLE);
  if (found === null || !existsSync(NODE)) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes('node_modules/')) return true; // the workspaces themselves
    if (entry.link) return existsSync(join(MODULES, '..', path)); // of a workspace: by name it is found only there
    const installed = found[path];
    if (installed === undefined) return entry.optional === true; // made for another platform
    return installed.version === entry.version && installed.integrity === entry.integrity;
  });
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? null;
  } catch {
    return null;
  }
}

/** One installation at a time: an abstract Unix socket (unix(7)) goes with its process, so it is never stale. */
async function installationLock() {
  for (;;) {
    const server = createServer();
    const locked = await new Promise((done) => {
      server.once('error', () => done(false));
      server.listen(`\0sluice-install-${ROOT}`.slice(0, 100), () => done(true));
    });
    if (locked) return () => server.close();
    await delay(200);
  }
}

async function ensureInstalled() {
  if (isInstalled()) return;
  const release = await installationLock();
  if (!isInstalled()) await install();
  release();
}

async function install() {
  const startedAt = Date.now();
  process.stderr.write('installing dependencies (npm ci) … ');
  // Whatever NODE_ENV and `omit` say: tools are development dependencies, and Node itself is an optional one.
  const { code, output } = await npm([
    'ci',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  if (code === 0 && existsSync(NODE)) {
    process.stderr.write(`done in ${Math.round((Date.now() - startedAt) / 1000)} s\n`);
    return;
  }
  process.stderr.write(`failed\n${output.split('\n').slice(0, LINES_OF_NPM).join('\n')}\n`);
  const platform = `${process.platform} on ${process.arch}`;
  const reason =
    code === 0 ? `npm has installed no Node for ${platform}, or left optional packages out` : 'npm ci failed';
  fail(`${reason}; try \`npm ci --include=dev --include=optional\` in ${ROOT}`, EX_UNAVAILABLE);
}

function npm(args) {
  return new Promise((done) => {
    const child = spawn('npm', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    }
    child.once('error', () => fail('\n`npm` is not in PATH: install Node.js 20 or newer', EX_UNAVAILABLE));
    child.once('close', (code) => done({ code, output }));
  });
}

/**
 * True if this process belongs to its terminal's foreground group (proc(5): fields 5 and 8 of stat): Ctrl-C
 * has then reached the child as well, and passing it on would count as a second one.
 */
function terminalSignalsReachChild() {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[2] === fields[5];
  } catch {
    return process.stdin.isTTY === true;
  }
}

function run(entry, args) {
  const path = [join(MODULES, '.bin'), process.env.PATH].join(delimiter);
  const child = spawn(NODE, [join(ROOT, entry), ...args], {
    stdio: 'inherit',
    // Half of a short process’s time is reading TypeScript: Node keeps what it made of each file (module.enableCompileCache).
    env: { NODE_COMPILE_CACHE: join(MODULES, '.cache/node'), ...process.env, PATH: path },
  });
  // The child decides how to stop; this process only waits for it.
  for (const signal of ['SIGINT', 'SIGHUP']) {
    process.on(signal, () => {
      if (!terminalSignalsReachChild()) child.kill(signal);
    });
  }
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.once('error', (error) => fail(`cannot run ${NODE}: ${error.message}`, EX_UNAVAILABLE));
  child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

const [name = '', ...args] = process.argv.slice(2);
const entry = Object.hasOwn(ENTRIES, name) ? ENTRIES[name] : undefined;
if (entry === undefined) {
  fail(`usage: node packages/cli/bootstrap.mjs <${Object.keys(ENTRIES).join('|')}> [arguments]`, EX_USAGE);
}
if (process.platform !== 'linux') {
  fail(`\`npm run ${name}\` needs Linux; elsewhere use docker compose`, EX_UNAVAILABLE);
}
await ensureInstalled();
run(entry, args);
