import { TopicRouting } from '@sluice/envelope';
import { createLogger } from '@sluice/runtime';
import { expect, test } from 'vitest';
import type { ControlDelivery } from '../src/decode.ts';
import { HeldTables } from '../src/held-tables.ts';
import { tableRoutes } from '../src/table-routes.ts';

const truncate = {
  topic: 'p.shop.orders',
  envelope: {
    schema: { type: 'truncate' },
    payload: { policy: 'pause-table', sequence: '7', source: { database: 'shop', table: 'orders' } },
  },
} as unknown as ControlDelivery;

test('an order to resume a table says what it released, and which partitions of the table alone it speaks of', async () => {
  const released = new Set<string>();
  const held = new HeldTables((id) => released.has(id));
  expect(() => held.check(truncate)).toThrow('shop.orders waits at a truncate record');
  const asked: string[] = [];
  const routes = tableRoutes({
    sink: 's',
    held,
    routing: new TopicRouting({ prefix: 'p' }),
    looked: (topic) => {
      asked.push(topic);
      return [{ topic, partition: 2 }];
    },
    release: async (id) => void released.add(id),
    log: createLogger('test', { level: 'silent' }),
  });
  const resume = routes.find(({ method }) => method === 'POST');
  const order = async (table: string): Promise<unknown> => {
    const body = JSON.stringify({ table, by: 'ann' });
    const request = { body, query: new URLSearchParams(), params: {}, principal: null };
    return (await resume?.handle(request))?.body;
  };
  const looked = [{ topic: 'p.shop.orders', partition: 2 }];
  const id = 'ddl/p.shop.orders/shop.orders/7';
  expect(await order('shop.orders')).toEqual({ sink: 's', table: 'shop.orders', resumed: [id], looked });
  expect(await order('shop.orders')).toMatchObject({ resumed: [], looked });
  expect(await order('shop.items')).toMatchObject({ resumed: [], looked: [{ topic: 'p.shop.items' }] });
  expect(asked).toEqual(['p.shop.orders', 'p.shop.orders', 'p.shop.items']);
});
