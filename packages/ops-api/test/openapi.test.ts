import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { openApiDocument, openApiRoute, OPERATIONS } from '../src/index.ts';

type Described = Record<string, Record<string, { operationId: string; tags: string[]; summary: string }>>;
const { paths } = openApiDocument() as { paths: Described };
const all = [...OPERATIONS.capture, ...OPERATIONS.sink];

test('every operation is in the document, under the one prefix', () => {
  const known = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const declared = all.map(({ method, path }) => `${method} ${path.replace(':id', '{id}')}`);
  expect(new Set(known)).toEqual(new Set(declared));
  expect(known.filter((each) => !/^\w+ \/api\/v1\//.test(each))).toEqual([]);
  const ids = Object.values(paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toContain('postSnapshotsIdPause');
});

test('what capture and sinks answer alike is there once, for both', () => {
  expect(paths['/api/v1/tables/resume']?.['post']?.tags).toEqual(['capture', 'sink']);
  expect(paths['/api/v1/dlq']?.['get']?.tags).toEqual(['sink']);
});

test('its schemas hold what requests and answers are held against', async () => {
  const { body } = await openApiRoute.handle({
    query: new URLSearchParams(),
    params: {},
    body: '',
    principal: null,
  });
  const { requestBody } = (body as { paths: Record<string, Record<string, { requestBody: Content }>> }).paths[
    '/api/v1/dlq/discard'
  ]!['post']!;
  const validate = new Ajv2020({ strict: false, formats: { 'date-time': true } }).compile(
    requestBody.content['application/json'].schema,
  );
  expect(validate({ by: 'ann', ids: ['a'], since: '2026-01-01T00:00:00Z' })).toBe(true);
  expect(validate({ by: 'ann', dryrun: false })).toBe(false);
  expect(validate({ dryRun: false })).toBe(false);
});

interface Content {
  readonly content: { readonly 'application/json': { readonly schema: object } };
}
