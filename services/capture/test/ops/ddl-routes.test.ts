import type { DdlClearedRecord } from '@sluice/envelope';
import { createLogger, PipelineError } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { ddlRoutes } from '../../src/ops/ddl-routes.ts';
import { rowsEvent } from '../support/rows-events.ts';
import { begin, ORDERS, statement, streamOf, query } from '../support/streams.ts';

const log = createLogger('test', { level: 'silent' });

function pages(isOwner: () => Promise<void> = () => Promise.resolve(), elsewhere: string | null = null) {
  const { stream, journal } = streamOf();
  begin(stream, 100);
  stream.onCommit(190);
  statement(stream, 'ALTER TABLE orders DROP COLUMN v', 200);
  statement(stream, 'ALTER TABLE orders ADD w INT', 400);
  statement(stream, 'DROP TABLE orders', 600);
  const published: DdlClearedRecord[] = [];
  const resumed: string[] = [];
  const routes = ddlRoutes({
    elsewhere: () => elsewhere,
    journal: () => journal,
    publish: (record) => Promise.resolve(void published.push(record)),
    onStored: (record) => journal.clear(record),
    isOwner,
    onResumed: (table) => resumed.push(table),
    log,
  });
  const ask = async (path: string, query: string, body = '') => {
    const route = routes.find((candidate) => candidate.path === path);
    return route?.handle({ params: {}, query: new URLSearchParams(query), body, principal: null });
  };
  return { ask, published, resumed, stream, journal };
}

test('alerts, oldest first; history, newest first', async () => {
  const { ask } = pages();
  expect(await ask('/api/v1/ddl/alerts', '')).toMatchObject({
    status: 200,
    body: { unacknowledged: 2, matching: 2, entries: [{ class: 'breaking' }, { class: 'drop' }] },
  });
  expect(await ask('/api/v1/ddl/history', 'limit=2')).toMatchObject({
    body: { matching: 3, entries: [{ class: 'drop' }, { class: 'additive' }] },
  });
  expect(await ask('/api/v1/ddl/history', 'table=shop.other')).toMatchObject({ body: { matching: 0 } });
});

test('clearing is stored before it counts, and says by whom', async () => {
  const { ask, published } = pages();
  const order = JSON.stringify({ by: 'ann', ids: ['0010000020000000200'] });
  expect(await ask('/api/v1/ddl/alerts/clear', '', order)).toEqual({
    status: 200,
    body: { cleared: ['0010000020000000200'], unacknowledged: 1 },
  });
  expect(published).toMatchObject([{ payload: { ids: ['0010000020000000200'], by: 'ann' } }]);
  expect(await ask('/api/v1/ddl/alerts', '')).toMatchObject({ body: { unacknowledged: 1 } });
  expect(
    await ask('/api/v1/ddl/alerts/clear', '', JSON.stringify({ by: 'ann', table: 'shop.x' })),
  ).toMatchObject({
    body: { cleared: [] },
  });
  expect(published).toHaveLength(1);
});

test.each(['', '{}', '{"by":"a","all":true}'])('an order like %j is refused', async (body) => {
  expect(await pages().ask('/api/v1/ddl/alerts/clear', '', body)).toMatchObject({ status: 400 });
});

test('where another capture leads nothing is told, or decided, by what was read before', async () => {
  const { ask, published } = pages(undefined, 'ask pod-2, which leads');
  const orders = [
    ['/api/v1/ddl/alerts', ''],
    ['/api/v1/ddl/history', ''],
    ['/api/v1/ddl/alerts/clear', '{"by":"ann"}'],
    ['/api/v1/tables/resume', '{"by":"ann","table":"shop.orders"}'],
  ] as const;
  for (const [path, body] of orders)
    expect([path, await ask(path, '', body)]).toMatchObject([
      path,
      { status: 503, body: { error: 'ask pod-2, which leads' } },
    ]);
  expect(published).toEqual([]);
});

test('nothing is known before the topic was read', async () => {
  const [route] = ddlRoutes({
    elsewhere: () => null,
    journal: () => null,
    publish: () => Promise.resolve(),
    onStored: () => undefined,
    isOwner: () => Promise.resolve(),
    onResumed: () => undefined,
    log,
  });
  expect(
    await route?.handle({ params: {}, query: new URLSearchParams(), body: '', principal: null }),
  ).toMatchObject({
    status: 503,
  });
});

test('a stopped table goes on by resume, not by clearing', async () => {
  const { ask, resumed, stream, journal } = pages();
  begin(stream, 1000);
  stream.onQuery(query({ database: '', sql: "XA START X'61',X'',1", start: 1010, end: 1020, closes: false }));
  stream.onRows(rowsEvent({ table: ORDERS, operation: 'INSERT', start: 1030, rows: [['1', '"a"']] }));
  stream.onQuery(query({ sql: "XA PREPARE X'61',X'',1", start: 1060, end: 1080 }));
  await ask('/api/v1/ddl/alerts/clear', '', JSON.stringify({ by: 'ann' }));
  expect(journal.isStopped('shop.orders')).toBe(true);
  const order = JSON.stringify({ by: 'ann', table: 'shop.orders' });
  expect(await ask('/api/v1/tables/resume', '', order)).toMatchObject({
    body: { resumed: [expect.stringMatching(/^001000002000000\d{4}$/u)] },
  });
  expect([journal.isStopped('shop.orders'), resumed]).toEqual([false, ['shop.orders']]);
  expect(await ask('/api/v1/tables/resume', '', order)).toMatchObject({ body: { resumed: [] } });
  expect(resumed).toHaveLength(1);
});

test('an order that another capture may not have read is no success', async () => {
  const { ask, published } = pages(() => Promise.reject(new PipelineError('KAFKA_FENCED', 'taken over')));
  await expect(ask('/api/v1/ddl/alerts/clear', '', JSON.stringify({ by: 'ann' }))).rejects.toMatchObject({
    code: 'KAFKA_FENCED',
  });
  expect(published).toHaveLength(1);
});
