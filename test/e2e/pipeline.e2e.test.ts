import { createShop, startWorkload, type Workload } from '@sluice/sample-shop';
import { startStack, type MysqlServer } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { duplicateSequences } from '../harness/records/row-history.ts';
import { testScope } from '../harness/scope.ts';
import { announceSeed } from '@sluice/seeded-random';
import { testSize } from '../harness/test-size.ts';
import {
  differences,
  SINK_NAMES,
  SINK_SERVICES,
  SinkPipeline,
  type PipelineProcess,
  type ServiceName,
} from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { isRow, readEnvelopes, type EnvelopeRecord } from '../harness/records/table-records.ts';

const stack = await startStack({
  servers: ['kafka', 'mysql', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'],
});
afterAll(() => stack.stop());

const CHANGES = testSize('SLUICE_E2E_CHANGES', 5000);
const SIZES = { customers: 300, products: 100, orders: 300, notes: 120 };
/** Small chunks: the snapshot goes on while the first changes are made. */
const CHUNK_ROWS = 40;
/** Slow enough for the changes to outlast every kill and restart. */
const TRANSACTIONS_PER_SECOND = 20;
/** Which service is killed when this share of the changes is committed. */
const KILLS: readonly (readonly [number, ServiceName])[] = [
  [0.2, 'sink-redis'],
  [0.35, 'capture'],
  [0.5, 'sink-elasticsearch'],
  [0.65, 'sink-mysql'],
];

describe.each(['mysql', 'mariadb'] as const)('from %s', (flavour) => {
  test('every row is the same in every store, whatever was killed', async () => {
    const seed = announceSeed(`pipeline, ${flavour}`);
    const pipeline = await shopPipeline(stack[flavour], seed);
    const running = new Map<ServiceName, PipelineProcess>();
    for (const name of ['capture', ...SINK_SERVICES] as const) running.set(name, await pipeline.launch(name));
    await running.get('capture')?.process.ready();
    const workload = startWorkload({
      source: stack[flavour],
      database: pipeline.name,
      seed,
      sizes: SIZES,
      changes: CHANGES,
      writers: 2,
      transactionsPerSecond: TRANSACTIONS_PER_SECOND,
    });
    for (const [share, name] of KILLS) await killAt(CHANGES * share, name, workload, running, pipeline);
    expect(workload.progress().changes).toBeLessThan(CHANGES);
    const { changes, truncates } = await workload.done;
    expect(changes).toBe(CHANGES);

    const { sinks, rows: rowsAtEnd } = await pipeline.converged();
    for (const sink of SINK_NAMES) expect(sinks[sink]).toMatchObject({ compared: rowsAtEnd });
    // Nothing of it was on its way still: what a stopping service flushes changes nothing.
    for (const { process } of running.values()) expect(await process.stop()).toMatchObject({ code: 0 });
    expect(differences(await pipeline.compare())).toEqual([]);
    for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toEqual([]);
    await expectWholeMix(pipeline, { changes, truncates });
  });
});

async function shopPipeline(server: MysqlServer, seed: number): Promise<SinkPipeline> {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, server, 'shop');
  const connection = await database.connect();
  await createShop(connection, { seed, sizes: SIZES, database: database.name });
  const snapshot = { chunkRows: CHUNK_ROWS };
  return SinkPipeline.create(scope, { stack, database, sections: { snapshot } });
}

/** `kill -9` while it works; another process takes its place at once. */
async function killAt(
  changes: number,
  name: ServiceName,
  workload: Workload,
  running: Map<ServiceName, PipelineProcess>,
  pipeline: SinkPipeline,
): Promise<void> {
  const victim = running.get(name);
  await Promise.all([workload.reached(changes), victim?.process.ready()]);
  await victim?.process.kill();
  running.set(name, await pipeline.launch(name));
}

/** The topics hold what this test claims to have sent through, each change once. */
async function expectWholeMix(
  pipeline: SinkPipeline,
  sent: { readonly changes: number; readonly truncates: number },
): Promise<void> {
  const records: EnvelopeRecord[] = [];
  for (const topic of await pipeline.dataTopics())
    records.push(...(await readEnvelopes(pipeline.reader, topic)));
  const rowRecords = records.flatMap(({ partition, key, envelope }) =>
    isRow(envelope) ? [{ partition, key, payload: envelope.payload }] : [],
  );
  expect(duplicateSequences(rowRecords)).toEqual([]);
  const count = (operation: string): number =>
    records.filter(({ record }) => String(record.headers.get('operation')) === operation).length;
  const keyChanges = records.filter(({ record }) => record.headers.has('new_key')).length;
  expect(count('SNAPSHOT')).toBeGreaterThan(0);
  expect(snapshotRepeats(records)).toEqual([]);
  expect(keyChanges).toBeGreaterThan(0);
  expect(count('DELETE')).toBeGreaterThan(keyChanges);
  expect(sent.truncates).toBeGreaterThan(0);
  expect(new Set(truncateSequences(records)).size).toBe(sent.truncates);
  // A key change is one row and two records.
  const streamed = count('INSERT') + count('UPDATE') + count('DELETE');
  expect(streamed - keyChanges).toBe(sent.changes);
}

/**
 * Rows that the snapshot published more than once. A chunk and how far it has come are one transaction: no kill of capture
 * makes it read a chunk again, and within a job the keys only rise.
 */
function snapshotRepeats(records: readonly EnvelopeRecord[]): string[] {
  const rows = records.filter(({ record }) => String(record.headers.get('operation')) === 'SNAPSHOT');
  const copies = Map.groupBy(rows, ({ record, key }) => `${record.topic} ${key}`);
  return [...copies].filter(([, found]) => found.length > 1).map(([row]) => row);
}

function truncateSequences(records: readonly EnvelopeRecord[]): string[] {
  return records.flatMap(({ envelope }) =>
    envelope.schema.type === 'truncate' ? [envelope.payload.sequence] : [],
  );
}
