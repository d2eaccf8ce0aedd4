import { parseConfig } from '@sluice/runtime';
import { TopicRouting, type RowEnvelope } from '@sluice/envelope';
import { expect, test } from 'vitest';
import { PublicationCompiler } from '../../src/transform/publication-compiler.ts';
import { TableRegistry } from '../../src/catalog/table-registry.ts';
import { noneSkipped } from '../../src/stream/skipped-rows.ts';
import { ChunkRecorder } from '../../src/stream/table-route.ts';
import { recordsOf } from '../support/buffer-records.ts';
import { rowsEvent, type Rows } from '../support/rows-events.ts';
import { begin, ORDERS, PARTITIONS, streamOf, type StreamSetup, query } from '../support/streams.ts';

/** A stream whose table has this section under `tables`. */
function streamWith(section: unknown): StreamSetup {
  const base = {
    pipeline: 'p',
    source: { host: 'h', user: 'u', tables: ['shop.*'] },
    kafka: { brokers: ['b:1'] },
  };
  const { tables } = parseConfig(JSON.stringify({ ...base, tables: { 'shop.orders': section } }), {});
  const registry = new TableRegistry(
    new TopicRouting({ prefix: 'p' }),
    new PublicationCompiler(tables, null),
  );
  registry.admit('shop', 'orders', PARTITIONS);
  return streamOf({ registry });
}

/** Operation, offset of the sequence, index of the image in its event and in the transaction, key. */
function written({ stream, buffer }: StreamSetup, ...events: readonly Omit<Rows, 'table'>[]): string[] {
  begin(stream, 200);
  for (const event of events) stream.onRows(rowsEvent({ table: ORDERS, ...event }));
  stream.onCommit(900);
  return recordsOf(buffer)
    .flatMap(({ key, value }) => (key.startsWith('{"id"') ? [JSON.parse(value ?? '') as RowEnvelope] : []))
    .map(({ payload }) => payload)
    .sort((a, b) => (a.sequence < b.sequence ? -1 : 1))
    .map(({ operation, sequence, key, source, metadata, before, after }) => {
      const values = [before, after].map((image) => JSON.stringify(image?.['v']) ?? '-').join('>');
      return `${operation} ${Number(sequence.slice(9))} ${source.position.row} ${metadata.event_index} id=${JSON.stringify(key['id'])} ${values}`;
    });
}

const UPDATES: Omit<Rows, 'table'> = {
  operation: 'UPDATE',
  start: 400,
  rows: [
    [
      ['1', '10'],
      ['1', '11'],
    ],
    [
      ['2', '10'],
      ['2', '3'],
    ],
    [
      ['3', '3'],
      ['3', '10'],
    ],
    [
      ['4', '3'],
      ['4', '4'],
    ],
    [
      ['5', '10'],
      ['6', '10'],
    ],
    [
      ['7', '10'],
      ['8', '3'],
    ],
    [
      ['9', 'null'],
      ['9', '10'],
    ],
  ],
};

test('an update that leaves the condition is a DELETE, one that enters it an INSERT', () => {
  const plain = written(streamOf(), UPDATES);
  const met = written(streamWith({ where: 'v > 5' }), UPDATES);
  expect(met).toEqual([
    'UPDATE 401 1 1 id=1 10>11',
    'DELETE 402 2 2 id=2 10>-',
    'INSERT 405 5 5 id=3 ->10',
    'DELETE 408 8 8 id=5 10>-',
    'INSERT 409 9 9 id=6 ->10',
    'DELETE 410 10 10 id=7 10>-',
    'INSERT 413 13 13 id=9 ->10',
  ]);
  // Numbered as without a condition: the UPDATE and both halves of the key change are the same.
  expect(plain).toEqual(expect.arrayContaining([0, 3, 4].map((index) => met[index])));
});

test('rows that come or go outside of the condition leave nothing, and count', () => {
  const rows = [
    ['1', '10'],
    ['2', '3'],
    ['3', '10'],
  ] as const;
  const events = [
    { operation: 'INSERT', start: 300, rows },
    { operation: 'DELETE', start: 400, rows },
  ] as const;
  const setup = streamWith({ where: 'v > 5' });
  expect(written(setup, ...events)).toEqual([
    'INSERT 300 0 0 id=1 ->10',
    'INSERT 302 2 2 id=3 ->10',
    'DELETE 400 0 3 id=1 10>-',
    'DELETE 402 2 5 id=3 10>-',
  ]);
  expect(setup.stream.skipped).toEqual({ ...noneSkipped(), condition: 2 });
});

test('a chunk that is being read is told of rows that enter, leave or change', () => {
  const setup = streamWith({ where: 'v > 5' });
  begin(setup.stream, 200);
  const route = setup.routes.byName('shop', 'orders');
  const recorder = new ChunkRecorder();
  if (route !== null) route.recorder = recorder;
  setup.stream.onRows(rowsEvent({ table: ORDERS, ...UPDATES }));
  const all = Array.from({ length: 9 }, (_, index) => `{"id":${index + 1}}`);
  recorder.compareWith(all);
  expect(all.filter((key) => recorder.isCurrent(key))).toEqual(['{"id":4}', '{"id":8}']);
});

test('operations that are left out leave nothing, and count', () => {
  const setup = streamWith({ operations: ['insert', 'update'] });
  const rows = [['1', '10']] as const;
  const events = [
    { operation: 'DELETE', start: 300, rows },
    { operation: 'INSERT', start: 400, rows },
  ] as const;
  expect(written(setup, ...events)).toEqual(['INSERT 400 0 1 id=1 ->10']);
  expect(setup.stream.skipped).toEqual({ ...noneSkipped(), operation: 1 });
  setup.stream.onQuery(
    query({ database: 'shop', sql: 'TRUNCATE orders', start: 950, end: 990, closes: true }),
  );
  expect(recordsOf(setup.buffer).filter(({ key }) => key.includes('truncate'))).toEqual([]);
});
