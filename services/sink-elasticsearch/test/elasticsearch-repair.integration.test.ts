import { randomUUID } from 'node:crypto';
import { Client } from '@elastic/elasticsearch';
import { startStack } from '@sluice/local-stack';
import { createLogger, Registry, type SluiceConfig } from '@sluice/runtime';
import type { Delivery } from '@sluice/sink-kit';
import { conformanceTopic, itemRow, sequenceAt } from '@sluice/sink-kit/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRepair } from '../src/repair.ts';

const stack = await startStack({ servers: ['elasticsearch'] });
const { node } = stack.elasticsearch;
const client = new Client({ node, maxRetries: 0 });
const indexPrefix = `test-${randomUUID()}-`;
const index = `${indexPrefix}sluice_conformance.items`;
const topic = conformanceTopic();
let repair: Awaited<ReturnType<typeof openRepair>>;

beforeAll(async () => {
  const config = { sinks: { elasticsearch: { node, indexPrefix } } } as unknown as SluiceConfig;
  const context = {
    pipeline: 'test',
    name: 'elasticsearch',
    section: 'sinks.elasticsearch',
    named: null,
    sourceTables: [],
    prefix: 'test',
    group: `test.${randomUUID()}`,
    hasProgress: () => Promise.resolve(false),
    tombstoneLifeMs: 86_400_000,
    log: createLogger('test', { level: 'silent' }),
    registry: new Registry(),
  };
  repair = await openRepair({ name: 'elasticsearch', config, contextOf: () => context });
});

afterAll(async () => {
  await repair.close();
  const indices = Object.keys(await client.indices.get({ index: `${indexPrefix}*` }));
  if (indices.length > 0) await client.indices.delete({ index: indices });
  await client.close();
  await stack.stop();
});

const snapshot = (id: number, step: number, version: number) =>
  topic.row({ operation: 'SNAPSHOT', sequence: sequenceAt(step), row: itemRow(id, version) });
const deletion = (id: number, step: number) =>
  topic.row({ operation: 'DELETE', sequence: sequenceAt(step), row: itemRow(id, 0) });
const placeOf = ({ topic: name, partition, key, rowKey, envelope }: ReturnType<typeof snapshot>) => {
  const { database, table } = envelope.payload.source;
  return { database, table, topic: name, partition, key, rowKey };
};
const quantities = async (rows: readonly Delivery[]): Promise<unknown[]> => {
  await client.indices.refresh({ index });
  const { hits } = await client.search<Record<string, unknown>>({ index, size: 100 });
  const byId = new Map(hits.hits.map(({ _id, _source }) => [_id, _source?.['quantity']]));
  return rows.map(({ rowKey }) => byId.get(rowKey) ?? null);
};

test('what the repair has written is undone, what came since is not', async () => {
  expect(await repair.write([topic.schema(sequenceAt(1))])).toEqual([{ kind: 'applied' }]);
  const before = [1, 2, 4].map((id) => snapshot(id, 10, 1));
  expect(await repair.write(before)).toEqual(Array(3).fill({ kind: 'applied' }));
  const writes = [...[1, 2, 3].map((id) => snapshot(id, 20, 2)), deletion(4, 20)];
  const kept = await repair.kept(writes.map(placeOf));
  expect(kept.map((text) => text === null)).toEqual([false, false, true, false]);
  expect(await repair.write(writes)).toEqual(Array(4).fill({ kind: 'applied' }));
  await repair.write([snapshot(2, 30, 3)]);
  // An undo that was broken off is given again: what is put back already is so still.
  for (const time of ['once', 'again']) {
    const undone: boolean[] = [];
    for (const [place, row] of writes.entries())
      undone.push(
        await repair.restore({ ...placeOf(row), sequence: sequenceAt(20), kept: kept[place] ?? null }),
      );
    expect(undone, `given ${time}`).toEqual([true, false, true, true]);
    expect(await quantities(writes), `given ${time}`).toEqual([1, 3, null, 1]);
  }
});
