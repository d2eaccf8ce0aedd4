import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createLogger } from '../src/log.ts';
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
