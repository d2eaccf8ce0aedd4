import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareSinks, describeDifference } from '@sluice/compare';
import { freePorts, startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { descendants } from '../harness/processes/process-tree.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
/** Nothing outside of this folder knows it. */
const SINK = join(REPOSITORY, 'test/fixtures/sink-shelf');
const stack = await startStack({ servers: ['kafka', 'mysql'] });
afterAll(() => stack.stop());

/** Writes the pipeline's sluice.yaml with the one sink; resolves to its path and the sink's section. */
async function configure(scope: Scope, { name, server }: SourceDatabase) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const [port = 0, metricsPort = 0, sinkPort = 0, sinkMetricsPort = 0] = await freePorts(4);
  const { host, port: sourcePort, user, password } = server;
  const shelf = { package: SINK, file: join(folder, 'shelf.json'), sessionTimeoutMs: 6000 };
  const configFile = join(folder, 'sluice.yaml');
  const config = {
    pipeline: name,
    source: { host, port: sourcePort, user, password, tables: [`${name}.*`] },
    kafka: { brokers: stack.kafka.brokers },
    topics: { partitions: 2 },
    capture: { ops: { port, metricsPort } },
    sinks: { shelf: { ...shelf, ops: { port: sinkPort, metricsPort: sinkMetricsPort } } },
  };
  await writeFile(configFile, JSON.stringify(config));
  return { configFile, shelf };
}

/** `npm start -- --config FILE`, without npm. */
function start(scope: Scope, configFile: string) {
  const args = ['packages/cli/bootstrap.mjs', 'start', '--config', configFile];
  const child = spawn('node', args, { cwd: REPOSITORY, stdio: ['ignore', 'ignore', 'pipe'] });
  const command = { child, words: '', closed: once(child, 'close') };
  child.stderr.setEncoding('utf8').on('data', (text: string) => (command.words += text));
  scope.defer(async () => {
    child.kill('SIGKILL');
    await command.closed;
  });
  return command;
}

test('a sink of another folder is checked, planned, started and compared, and nothing else knows it', async () => {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mysql, 'shelf');
  await database.run(
    'CREATE TABLE books (id INT PRIMARY KEY, title VARCHAR(40), price DECIMAL(9,2), facts JSON)',
    'CREATE TABLE loans (book INT, reader VARCHAR(20), PRIMARY KEY (book, reader))',
    `INSERT INTO books VALUES (1, 'Kim', 9.50, '{"pages": 12345678901234567890}'), (2, NULL, NULL, NULL), (3, 'Emma', 1, NULL)`,
    `INSERT INTO loans VALUES (1, 'ann'), (2, 'bob')`,
  );
  const { configFile, shelf } = await configure(scope, database);
  const differences = async (): Promise<readonly string[]> => {
    const tables = ['books', 'loans'].map((table) => ({ database: database.name, table }));
    const { rows, sinks } = await compareSinks({ source: database.server, tables, sinks: { shelf } });
    expect(sinks['shelf']?.compared).toBe(rows);
    return sinks['shelf']?.examples.map(describeDifference) ?? ['not compared'];
  };
  const converged = (): Promise<unknown> =>
    eventually('the store to equal the source', async () => (await differences()).length === 0);

  expect(await sluice(configFile, 'config validate')).toMatchObject({ code: 0, document: { valid: true } });
  const plan = await sluice(configFile, `plan --table ${database.name}.books`);
  expect(plan.document).toMatchObject({ sinks: [{ sink: 'shelf', target: shelf.file }] });
  expect((await differences()).length).toBeGreaterThan(0);

  const command = start(scope, configFile);
  await converged();
  const runsSink = (pid: number): boolean => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(SINK);
  const sink = descendants(command.child.pid ?? 0).find(({ pid }) => runsSink(pid));
  process.kill(sink?.pid ?? 0, 'SIGKILL');
  await database.run(
    `UPDATE books SET title = 'Ulysses', facts = '[1.10]' WHERE id = 2`,
    'DELETE FROM books WHERE id = 3',
    'TRUNCATE loans',
    `INSERT INTO loans VALUES (2, 'cho')`,
  );
  await converged();
  expect(command.words).toMatch(/sink-shelf/);
  const status = await sluice(configFile, 'status');
  expect(JSON.stringify(status.document)).toContain('shelf');
  command.child.kill('SIGTERM');
  await command.closed;
});
