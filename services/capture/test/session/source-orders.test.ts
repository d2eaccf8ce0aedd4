import { createLogger, PipelineError } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { SourceOrders } from '../../src/session/source-orders.ts';

const HOSTS = ['a', 'b'].map((host) => ({ host, port: 3306 }));
const TO_B = { address: 'b:3306', by: 'ann', reason: 'maintenance' };

function ordersOf(): { readonly orders: SourceOrders; readonly moves: string[]; readonly move: () => void } {
  const moves: string[] = [];
  const orders = new SourceOrders(HOSTS, createLogger('test', { level: 'silent' }));
  return { orders, moves, move: () => void moves.push('move') };
}

test('an order for another server moves capture there, once', () => {
  const { orders, moves, move } = ordersOf();
  expect(orders.take(TO_B, 'a:3306', true, move)).toEqual({ from: 'a:3306' });
  expect([orders.waiting, moves]).toEqual([TO_B, ['move']]);
  orders.obeyed({ address: 'b:3306', passedOver: [] });
  expect([orders.waiting, orders.lastRead]).toEqual([null, 'b:3306']);
});

test('the server that is read already is no move, nor is one that the settings do not name', () => {
  const { orders, moves, move } = ordersOf();
  expect(orders.take(TO_B, 'b:3306', true, move)).toEqual({ from: 'b:3306' });
  expect(orders.take({ ...TO_B, address: 'c:3306' }, 'b:3306', true, move)).toEqual({
    why: 'source.hosts does not name c:3306',
  });
  expect([orders.waiting, moves]).toEqual([null, []]);
  orders.take(TO_B, 'b:3306', false, move);
  expect([orders.waiting, moves]).toEqual([TO_B, ['move']]);
});

test('an order outlives an outage, and no error that only a person ends', () => {
  const { orders, move } = ordersOf();
  orders.take(TO_B, 'a:3306', true, move);
  orders.giveUp(new PipelineError('MYSQL_UNREACHABLE', 'away'));
  expect(orders.waiting).toEqual(TO_B);
  orders.giveUp(new PipelineError('SOURCE_DIVERGED', 'another server'));
  expect(orders.waiting).toBeNull();
});
