import { afterEach, expect, test } from 'vitest';
import { OpsAudit, shownOrder } from '../src/ops-audit.ts';
import { AuditList, closeAll, startServers, tokenLine, tokensFile } from './ops-support.ts';

afterEach(closeAll);

const JSON_TYPE = { 'content-type': 'application/json' };

test('orders and refusals are kept, pages that were looked at are not', async () => {
  const audit = new AuditList();
  const file = await tokensFile(tokenLine('ann', 'operator', 'a'), tokenLine('vic', 'viewer', 'v'));
  const { port } = await startServers({ audit, tokensFile: file });
  const ask = async (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
    (await fetch(`http://127.0.0.1:${port}${path}`, init)).status;
  const order = (token: string, body: string, more: Record<string, string> = {}) =>
    ask('/api/v1/things/7', {
      method: 'POST',
      body,
      headers: { ...JSON_TYPE, authorization: `Bearer ${token}`, ...more },
    });
  const statuses = [
    await order('a', '{"by":"ceo","table":"shop.orders","condition":"ssn = 123456789"}'),
    await order('v', '{}'),
    await order('wrong', '{"reason":"a secret"}'),
    await order('a', '{}', { origin: 'http://evil.example' }),
    await order('a', '<a/>', { 'content-type': 'text/xml' }),
    await ask('/api/v1/status'),
    await ask('/api/v1/things/7', { method: 'DELETE' }),
    await ask('/api/v1/status', { headers: { authorization: 'Bearer v' } }),
    await ask('/livez'),
    await ask('/nothing', { method: 'POST', headers: JSON_TYPE }),
  ];
  expect(statuses).toEqual([202, 403, 401, 403, 415, 401, 405, 200, 200, 404]);
  expect(audit.entries).toHaveLength(7);
  const [first] = audit.entries;
  expect(Date.now() - Date.parse(first?.at ?? '')).toBeLessThan(60_000);
  expect(first).toEqual({
    at: first?.at,
    principal: 'ann',
    role: 'operator',
    address: '127.0.0.1',
    method: 'POST',
    route: '/api/v1/things/:id',
    params: { id: '7' },
    order: { by: 'ceo', table: 'shop.orders', condition: '(17 characters)' },
    status: 202,
    result: 'done',
    code: null,
    omitted: 0,
  });
  const shown = audit.entries.slice(1).map((each) => [each.status, each.principal, each.method, each.order]);
  expect(shown).toEqual([
    [403, 'vic', 'POST', null],
    [401, null, 'POST', null],
    [403, null, 'POST', null],
    [415, 'ann', 'POST', null],
    [401, null, 'GET', null],
    [405, null, 'DELETE', null],
  ]);
  expect(JSON.stringify(audit.entries)).not.toMatch(/123456789|a secret/u);
});

test('refusals cannot fill the topic, and what is left out is counted; orders always are kept', async () => {
  const audit = new AuditList();
  const ops = new OpsAudit(audit);
  const asked = {
    address: '10.0.0.1',
    method: 'POST',
    route: '/x',
    params: {},
    who: null,
    body: '{}',
    isOrder: true,
    isAdmitted: false,
    status: 401,
    code: null,
  };
  for (let count = 0; count < 5000; count += 1) await ops.note({ ...asked, address: `10.0.0.${count % 7}` });
  expect(audit.entries.length).toBeGreaterThanOrEqual(100);
  expect(audit.entries.length).toBeLessThan(110);
  const kept = audit.entries.length;
  await ops.note({ ...asked, isAdmitted: true, status: 200 });
  const told = audit.entries.reduce((sum, { omitted }) => sum + omitted, 0);
  expect(told + kept).toBe(5000);
  for (let count = 0; count < 300; count += 1) await ops.note({ ...asked, isAdmitted: true, status: 200 });
  expect(audit.entries).toHaveLength(kept + 301);
});

test('of an order names, numbers and switches are shown, of all else that there was something', () => {
  const order = {
    by: 'ann',
    ids: Array.from({ length: 60 }, (_, index) => `id-${index}`),
    tables: ['a.b', { c: 'secret' }],
    dryRun: false,
    limit: 3,
    key: '{"ssn":123}',
    password: 'hunter2',
    table: 'x'.repeat(600),
    reason: { deep: 'secret' },
    ['k'.repeat(100)]: null,
  };
  expect(shownOrder(JSON.stringify(order))).toEqual({
    by: 'ann',
    ids: [...order.ids.slice(0, 50), '… 60 in all'],
    tables: ['a.b', '(14 characters)'],
    dryRun: false,
    limit: 3,
    key: '(15 characters)',
    password: '(9 characters)',
    table: 'x'.repeat(500),
    reason: '(17 characters)',
    ['k'.repeat(50)]: null,
  });
  for (const body of ['no json', '[1]', '"x"', 'null']) expect(shownOrder(body)).toEqual({});
  expect(shownOrder('')).toBe(null);
});

test('entries that wait make health say so, and only as long as they do', async () => {
  const audit = new AuditList();
  const { port, metricsPort } = await startServers({ audit });
  const health = async () => (await fetch(`http://127.0.0.1:${port}/api/v1/health`)).json();
  const metric = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  audit.trouble = '1 order(s) are not in p.sluice.audit yet';
  expect(await health()).toEqual({
    status: 'degraded',
    ready: true,
    components: { audit: { status: 'degraded', detail: audit.trouble } },
  });
  expect(await metric()).toContain('cdc_component_status{component="audit",status="degraded"} 1');
  audit.trouble = null;
  expect(await health()).toMatchObject({ status: 'ok' });
  expect(await metric()).toContain('cdc_component_status{component="audit",status="degraded"} 0');
});

test('an address that asks too often is told when to come again; probes are not', async () => {
  const audit = new AuditList();
  const { port } = await startServers({ audit, rate: { burst: 3, perSecond: 0.1 } });
  const url = `http://127.0.0.1:${port}`;
  const statuses: number[] = [];
  for (let count = 0; count < 5; count += 1) statuses.push((await fetch(`${url}/api/v1/status`)).status);
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  const refused = await fetch(`${url}/api/v1/status`);
  expect(refused.headers.get('retry-after')).toBe('10');
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect(audit.entries.map(({ status }) => status)).toEqual([429, 429, 429]);
});
