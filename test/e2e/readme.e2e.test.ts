import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
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
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { freePorts, startStack } from '@sluice/local-stack';
import { connect, type RowDataPacket } from '@sluice/mysql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

/** The commands of README, run as they stand there, by the Node of the machine and by one that strips no types. */

const REPOSITORY = join(import.meta.dirname, '..', '..');
const README = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');
/** Commands that have tests of their own, and those that need what a test machine may not have. */
const ELSEWHERE = /^(npm start|npm test|npm ci$|docker compose|export PATH=)/;

const blocks = [...README.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
  language,
  text,
}));
const commands = blocks
  .filter(({ language, text }) => language === '' && /^(npm|sluice|docker) /.test(text))
  .flatMap(({ text }) => text.trim().split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => !ELSEWHERE.test(line));
const yaml = blocks.find(({ language }) => language === 'yaml')?.text ?? '';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
const folder = mkdtempSync(join(tmpdir(), 'sluice-readme-'));
beforeAll(() => void execFileSync('node', ['packages/cli/bootstrap.mjs', 'build'], { cwd: REPOSITORY }));
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await stack.stop();
});

/** The Node of a user: the first in PATH that is not the repository's own. */
function machineNode(): string {
  const places = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((place) => !place.includes('node_modules'));
  return places.map((place) => join(place, 'node')).find((file) => existsSync(file)) ?? process.execPath;
}

/** Environment in which `sluice` is the compiled one, run by this Node. */
function environment(node: string, more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const bin = join(folder, `bin-${randomUUID()}`);
  mkdirSync(bin);
  symlinkSync(node, join(bin, 'node'));
  const PATH = [join(REPOSITORY, 'dist/node_modules/.bin'), bin, '/usr/bin', '/bin'].join(delimiter);
  return { PATH, HOME: folder, ...more };
}

/** README's own file, led to the servers of the test by variables that override it. */
async function overrides(database: string): Promise<Record<string, string>> {
  const ports = await freePorts(8);
  const ops = ['CAPTURE', 'SINKS__REDIS', 'SINKS__ELASTICSEARCH', 'SINKS__MYSQL'].flatMap((section, at) => [
    [`SLUICE__${section}__OPS__PORT`, String(ports[at * 2])],
    [`SLUICE__${section}__OPS__METRICS_PORT`, String(ports[at * 2 + 1])],
  ]);
  const { mysql, targetMysql, kafka, redis, elasticsearch } = stack;
  return {
    ...(Object.fromEntries(ops) as Record<string, string>),
    SOURCE_PASSWORD: mysql.password,
    SLUICE__PIPELINE: database.replaceAll('_', '-'),
    SLUICE__SOURCE__HOST: mysql.host,
    SLUICE__SOURCE__PORT: String(mysql.port),
    SLUICE__SOURCE__USER: mysql.user,
    SLUICE__SOURCE__TABLES: `${database}.*`,
    SLUICE__KAFKA__BROKERS: kafka.brokers.join(','),
    SLUICE__TOPICS__REPLICATION_FACTOR: '1',
    SLUICE__TOPICS__MIN_INSYNC_REPLICAS: '1',
    SLUICE__SINKS__REDIS__URL: redis.url,
    SLUICE__SINKS__ELASTICSEARCH__NODE: elasticsearch.node,
    SLUICE__SINKS__MYSQL__HOST: targetMysql.host,
    SLUICE__SINKS__MYSQL__PORT: String(targetMysql.port),
    SLUICE__SINKS__MYSQL__USER: targetMysql.user,
    SLUICE__SINKS__MYSQL__STATE_DATABASE: `${database}_state`,
  };
}

test('README has the commands that this file runs', () => {
  expect(commands).toEqual([
    'npm run build',
    'sluice --version',
    'sluice --help',
    'sluice config validate',
    'sluice plan',
    'sluice capture',
    'sluice sink redis',
    'sluice sink elasticsearch',
    'sluice sink mysql',
    'sluice status',
  ]);
});

test.each([
  ['the machine’s Node', machineNode(), commands.slice(1), {}],
  // Capture and one sink are enough: how modules are found is the same for all.
  [
    'a Node that strips no types',
    process.execPath,
    commands.slice(1).filter((line) => !/redis|elasticsearch|status/.test(line)),
    { NODE_OPTIONS: '--no-experimental-strip-types' },
  ],
] as const)('%s runs them', async (_, node, lines, options) => {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mysql, 'readme');
  await database.run(
    'CREATE TABLE orders (id INT PRIMARY KEY, v VARCHAR(40))',
    "INSERT INTO orders VALUES (1, 'one'), (2, 'two')",
  );
  const target = await connect({ ...stack.targetMysql, connectTimeoutMs: 5000 });
  scope.defer(async () => {
    for (const name of [database.name, `${database.name}_state`])
      await target.query(`DROP DATABASE IF EXISTS ${name}`);
    await target.end();
  });
  const cwd = join(folder, database.name);
  mkdirSync(cwd);
  const secret = join(cwd, 'target-password');
  writeFileSync(secret, stack.targetMysql.password);
  writeFileSync(join(cwd, 'sluice.yaml'), yaml.replace('/run/secrets/target-password', secret));
  const env = environment(node, { ...(await overrides(database.name)), ...options });
  const run = (line: string) =>
    promisify(execFile)('/bin/sh', ['-c', line], { cwd, env }).catch((error: unknown) => error);

  for (const line of lines) {
    if (/^sluice (capture|sink)/.test(line)) {
      const child = spawn('/bin/sh', ['-c', `exec ${line}`], { cwd, env, stdio: 'ignore' });
      const ended = new Promise<number | null>((resolve) => void child.once('exit', resolve));
      scope.defer(async () => {
        child.kill('SIGTERM');
        expect([line, await ended]).toEqual([line, 0]);
      });
    } else if (line === 'sluice status') {
      // Its exit code says whether every service is ready.
      await eventually(line, async () => !((await run(line)) instanceof Error));
    } else {
      expect(await run(line)).not.toBeInstanceOf(Error);
    }
  }
  await database.run("INSERT INTO orders VALUES (3, REPEAT('three', 8))");
  const copied = async (): Promise<boolean> => {
    const [rows] = await target.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM ${database.name}.orders`);
    return Number(rows[0]?.['n']) === 3;
  };
  await eventually('the rows in the target', copied);
  const version = execFileSync(node, ['--version']).toString().trim();
  expect(await run('sluice --version')).toMatchObject({
    stdout: expect.stringContaining(version) as unknown,
  });
});

/** The workspace packages that the compiled command depends on, itself first: their folders in `dist/`. */
function foldersOfCommand(): readonly string[] {
  const found = new Map<string, string>();
  const add = (name: string): void => {
    if (!name.startsWith('@sluice/') || found.has(name)) return;
    const at = join(REPOSITORY, 'dist/node_modules', name);
    found.set(name, at);
    const { dependencies = {} } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as {
      dependencies?: Readonly<Record<string, string>>;
    };
    Object.keys(dependencies).forEach(add);
  };
  add('@sluice/cli');
  return [...found.values()];
}

test('the command alone, packed and installed elsewhere, asks a pipeline', async () => {
  const cwd = join(folder, 'command');
  mkdirSync(cwd);
  const npm = (...args: readonly string[]): string =>
    execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, encoding: 'utf8' });
  const packed = npm('pack', ...foldersOfCommand())
    .trim()
    .split('\n');
  npm('install', '--prefer-offline', '--ignore-scripts', ...packed.map((file) => `./${file}`));
  const { packages } = JSON.parse(readFileSync(join(cwd, 'node_modules/.package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, unknown>>;
  };
  // Nothing of the demo, of servers and of stores.
  expect(
    Object.keys(packages).filter((path) => /faker|local-stack|ioredis|elastic|mysql/.test(path)),
  ).toEqual([]);

  const secret = join(cwd, 'target-password');
  writeFileSync(secret, stack.targetMysql.password);
  writeFileSync(join(cwd, 'sluice.yaml'), yaml.replace('/run/secrets/target-password', secret));
  const PATH = [join(cwd, 'node_modules/.bin'), environment(machineNode(), {})['PATH']].join(delimiter);
  const env = { PATH, HOME: folder, ...(await overrides('packed_command')) };
  const run = async (line: string): Promise<{ code: number; output: string; said: string }> => {
    const child = spawn('/bin/sh', ['-c', line], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [output, said, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>((resolve) => void child.once('close', resolve)),
    ]);
    return { code: code ?? -1, output, said };
  };
  expect(await run('sluice --version')).toMatchObject({ code: 0, said: '' });
  expect((await run('sluice --help')).output).toContain('  dlq replay ');
  const status = await run('sluice status');
  expect(status.code).toBe(1);
  expect(status.output.split('\n').map((line) => line.split(' ')[0])).toEqual([
    'SERVICE',
    'capture',
    'sink-redis',
    'sink-elasticsearch',
    'sink-mysql',
    '',
  ]);
  expect(await run('sluice plan')).toMatchObject({
    code: 1,
    said: expect.stringMatching(/needs the package @sluice\/capture \d/) as unknown,
  });
  expect(await run('sluice compare')).toMatchObject({
    code: 1,
    said: expect.stringMatching(/needs the package @sluice\/compare \d/) as unknown,
  });
  expect(await run('sluice sink redis')).toMatchObject({
    code: 2,
    said: expect.stringContaining(
      'sinks.redis: there is no such sink; known types: none is installed',
    ) as unknown,
  });
});
