import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createLogger } from '../src/log.ts';
import { checkCollectorLogin } from '../src/tracing/collector-login.ts';
import { asksForSpans, openTracing } from '../src/tracing/tracing.ts';

interface Exported {
  readonly resourceSpans: [{ resource: { attributes: unknown }; scopeSpans: [{ spans: unknown[] }] }];
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

test.each([
  [{}, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, true],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/v1/traces' }, true],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'TRUE' }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_EXPORTER: 'none' }, false],
])('whether spans are asked for: %j is %s', (env, isAsked) => {
  expect(asksForSpans(env)).toBe(isAsked);
});

const REFUSED = /^OTEL_\w+ would send its login in clear to collector:4318: write https:\/\/ in OTEL_\w+, or/;

test.each([
  ['a token', { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20hunter2' }],
  ['a key by a name of its own', { OTEL_EXPORTER_OTLP_HEADERS: 'x-scope-orgid=7, x-honeycomb-team=hunter2' }],
  ['a key of traces alone', { OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'API-Key = hunter2' }],
  ['a name that is encoded', { OTEL_EXPORTER_OTLP_HEADERS: '%61uthorization=hunter2' }],
  ['a password in the address', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://u:hunter2@collector:4318' }],
  [
    'a token in the address',
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://hunter2@collector:4318/v1/traces' },
  ],
  [
    'an address of traces that is no URL',
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'collector', OTEL_EXPORTER_OTLP_HEADERS: 'api-key=hunter2' },
  ],
])('a login that would go to a collector in clear is refused: %s', async (_, env) => {
  const whole = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', ...env };
  const refused = openTracing('capture', whole, createLogger('test', { level: 'silent' }));
  await expect(refused).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(REFUSED) as unknown,
  });
  await expect(refused).rejects.not.toThrow('hunter2');
  const written = { ...whole, OTEL_EXPORTER_OTLP_INSECURE: 'true' };
  expect(() => checkCollectorLogin(written)).not.toThrow();
});

test.each([
  ['no login', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }],
  [
    'a tenant',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_EXPORTER_OTLP_HEADERS: 'X-Scope-OrgID=7' },
  ],
  [
    'https',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://u:p@collector', OTEL_EXPORTER_OTLP_HEADERS: 'api-key=k' },
  ],
  [
    'this host',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_EXPORTER_OTLP_HEADERS: 'api-key=k' },
  ],
  ['this host by IPv6', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://u:p@[::1]:4318' }],
  [
    'https for traces',
    {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/v1/traces',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=k',
    },
  ],
])('nothing is refused to a collector where nobody can read a login: %s', (_, env) => {
  expect(() => checkCollectorLogin(env)).not.toThrow();
});

test('a span that has ended is exported with its times, parent and error; one that is not sampled is not', async () => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
    request.once('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const name = 'OTEL_EXPORTER_OTLP_ENDPOINT';
  // Read by the library itself.
  process.env[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => void delete process.env[name]);
  const tracing = await openTracing('capture', process.env, createLogger('test', { level: 'silent' }));
  const span = {
    name: 'send t',
    kind: 'producer',
    startedAtMs: 1_795_252_177_000,
    endedAtMs: 1_795_252_177_250,
    attributes: { 'messaging.system': 'kafka' },
  } as const;
  tracing?.ended({ ...span, traceparent: `00-${TRACE}-${PARENT}-01`, error: 'KAFKA_FENCED' });
  tracing?.ended({ ...span, traceparent: `00-${TRACE}-${PARENT}-00`, error: null });
  await tracing?.close();
  const [found] = (JSON.parse(bodies.join('')) as Exported).resourceSpans;
  expect(found.resource.attributes).toContainEqual({
    key: 'service.name',
    value: { stringValue: 'sluice-capture' },
  });
  expect(found.scopeSpans[0].spans).toEqual([
    expect.objectContaining({
      traceId: TRACE,
      parentSpanId: PARENT,
      name: 'send t',
      kind: 4,
      startTimeUnixNano: '1795252177000000000',
      endTimeUnixNano: '1795252177250000000',
      status: { code: 2 },
      attributes: [
        { key: 'messaging.system', value: { stringValue: 'kafka' } },
        { key: 'error.type', value: { stringValue: 'KAFKA_FENCED' } },
      ],
    }),
  ]);
});
