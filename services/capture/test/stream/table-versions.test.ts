import { expect, test } from 'vitest';
import { recordsOf } from '../support/buffer-records.ts';
import { registryOf, streamOf } from '../support/streams.ts';

test('a table that other settings publish is told as a change, and then as one behind which all rows come', () => {
  const columns = [{ name: 'id', type: 'int', nullable: false, charset: null }];
  const schema = { database: 'shop', table: 'orders', columns, keyColumns: ['id'] };
  const registry = registryOf('orders');
  const previousChange = '0010000010000000000';
  const source = { columns, keyColumns: ['id'], plan: 'another' };
  registry.restore({ ...schema, version: 2, source, sequence: previousChange });
  const { stream, routes, buffer } = streamOf({ registry });
  const sequence = stream.place.beginSnapshot();
  routes.announced(schema, stream.announcement, true);
  const told = recordsOf(buffer).filter(
    ({ topic, partition }) => topic === 'p.shop.orders' && partition === 0,
  );
  expect(
    told.map(({ value }) => (JSON.parse(value ?? '') as { payload: Record<string, unknown> }).payload),
  ).toMatchObject([
    { change: 'additive', sequence, previousChange },
    { change: 'create', sequence, previousChange: sequence, allRows: true },
  ]);
});
