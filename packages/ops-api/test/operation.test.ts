import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  addressOf,
  captureStatus,
  listAlerts,
  listDeadLetters,
  moveSnapshot,
  Refusal,
  replayDeadLetters,
  routeOf,
  startSnapshots,
} from '../src/index.ts';
import { operation } from '../src/operation.ts';

const echo = operation({
  method: 'POST',
  role: 'operator',
  path: '/things/:id',
  summary: 'Says it.',
  request: z.strictObject({ n: z.int(), text: z.string().default('-') }),
  answer: z.object({ said: z.string() }),
  success: 202,
});
const route = routeOf(echo, ({ n, text }, { id = '' }) =>
  n === 0 ? new Refusal(404, `there is no thing ${id}`) : { said: `${id}:${n}:${text}` },
);
const asked = (body: string) =>
  route.handle({ query: new URLSearchParams(), params: { id: 'a' }, body, principal: null });

test('an order that fits is done, with its defaults and the parts of the path', async () => {
  expect(await asked('{"n":1}')).toEqual({ status: 202, body: { said: 'a:1:-' } });
});

test('whoever has shown who he is gives orders under no other name', async () => {
  const said = routeOf(
    operation({ ...echo, request: z.strictObject({ by: z.string() }), success: 202 }),
    ({ by }) => ({ said: by }),
  );
  const order = (body: string, principal: string | null) =>
    said.handle({ query: new URLSearchParams(), params: {}, body, principal });
  expect(await order('{"by":"ceo"}', 'ann')).toMatchObject({ body: { said: 'ann' } });
  expect(await order('{}', 'ann')).toMatchObject({ body: { said: 'ann' } });
  expect(await order('{"by":"ceo"}', null)).toMatchObject({ body: { said: 'ceo' } });
});

test('a refusal is an answer with its status and reason', async () => {
  expect(await asked('{"n":0}')).toEqual({ status: 404, body: { error: 'there is no thing a' } });
});

test('what is no order is refused with every problem named', async () => {
  expect(await asked('{"n":')).toEqual({ status: 400, body: { error: 'the body is not JSON' } });
  const { status, body } = await asked('{"n":"1","texts":[]}');
  expect(status).toBe(400);
  expect((body as { error: string }).error).toMatch(/^n: .*number.*; body: Unrecognized key: "texts"$/);
});

test('an address has the parts of its path escaped, and the query of a GET', () => {
  expect(addressOf(moveSnapshot('pause'), { id: 'initial/shop.a b' }, {})).toBe(
    '/api/v1/snapshots/initial%2Fshop.a%20b/pause',
  );
  expect(addressOf(listAlerts, {}, { limit: 5, table: 'shop.`a.b`' })).toBe(
    '/api/v1/ddl/alerts?limit=5&table=shop.%60a.b%60',
  );
  expect(addressOf(listAlerts, {}, { limit: 5, table: undefined })).toBe('/api/v1/ddl/alerts?limit=5');
  expect(addressOf(startSnapshots, {}, { tables: [] })).toBe('/api/v1/snapshots');
  expect(() => addressOf(moveSnapshot('pause'), {}, {})).toThrow('needs id');
});

test('a query is text: numbers in it are read as numbers', () => {
  expect(listAlerts.request.parse({ limit: '7', table: '`shop`.orders' })).toEqual({
    limit: 7,
    table: 'shop.orders',
  });
  expect(listAlerts.request.safeParse({ limit: '0' }).success).toBe(false);
});

test('an answer of a later version is understood, of an older one too', () => {
  const answer = { state: 'streaming', standby: true, records: { openDeadLetters: 0, more: 1 } };
  expect(captureStatus.answer.safeParse(answer).success).toBe(true);
  expect(captureStatus.answer.parse({ state: 'connecting' })).toEqual({ state: 'connecting' });
  expect(captureStatus.answer.safeParse({ state: 3 }).success).toBe(false);
  const replayed = { dryRun: false, sink: 'redis', matching: 1, results: [{ id: 'a', result: 'applied' }] };
  expect(replayDeadLetters.answer.parse({ ...replayed, took: 3 })).toEqual(replayed);
});

test.each([
  [['a:0:1'], '?ids=a%3A0%3A1&limit=5'],
  [['a:0:1', 'a:0:2'], '?ids=a%3A0%3A1&ids=a%3A0%3A2&limit=5'],
])('a query names one or more ids: %j', async (ids, query) => {
  const address = addressOf(listDeadLetters, {}, { ids, limit: 5 });
  expect(address).toBe(`/api/v1/dlq${query}`);
  const asked: unknown[] = [];
  const listed = routeOf(listDeadLetters, (wish) => {
    asked.push(wish);
    return new Refusal(404, 'none');
  });
  await listed.handle({
    query: new URL(address, 'http://h').searchParams,
    params: {},
    body: '',
    principal: null,
  });
  expect(asked).toEqual([{ ids, limit: 5 }]);
});

test('what a query may say once is refused when it comes twice', async () => {
  const listed = routeOf(listAlerts, () => new Refusal(404, 'none'));
  const query = new URLSearchParams('limit=5&limit=6');
  expect(await listed.handle({ query, params: {}, body: '', principal: null })).toMatchObject({
    status: 400,
  });
});
