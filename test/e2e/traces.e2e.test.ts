import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { SinkPipeline, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { testScope, type Scope } from '../harness/scope.ts';

const stack = await startStack({
  servers: ['kafka', 'mysql', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'],
});
afterAll(() => stack.stop());

const PARENT = 'b7ad6b7169203331';
/** A sampled trace of its own for each number. */
const traceId = (n: number): string => String(n).padStart(32, 'a');
const traceparent = (n: number): string => `00-${traceId(n)}-${PARENT}-01`;

/** A span as OTLP tells it, and the service that told it. */
interface Span {
  readonly service: string;
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

test.each([
  [stack.mysql, ['SET SESSION binlog_rows_query_log_events = ON']],
  [stack.mariadb, []],
])('a change is followed from its trace to the stores: $flavour', async (server, logged) => {
  const scope = testScope();
  const collector = await Collector.start(scope);
  const database = await SourceDatabase.create(scope, server, 'traces');
  await database.run(
    'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, note VARCHAR(20), trace VARCHAR(60))',
    `INSERT INTO orders VALUES (1, 'old', '${traceparent(1)}')`,
  );
  const pipeline = await SinkPipeline.create(scope, {
    stack,
    database,
    sections: { tracing: { column: 'Trace', comments: true } },
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '100' },
  });
  const [capture] = (await pipeline.start('capture', 'sink-redis', 'sink-mysql', 'sink-elasticsearch')) as [
    PipelineProcess,
  ];
  const warning =
    'tracing.comments: the source logs no statements beside their rows (binlog_rows_query_log_events';
  const warned = capture.process.log.filter(({ msg }) => msg.startsWith(warning));
  expect(warned).toHaveLength(server.flavour === 'mysql' ? 1 : 0);
  await pipeline.converged();
  await database.run(
    ...logged,
    `INSERT INTO orders VALUES (2, 'by comment', NULL), (3, 'by column', '${traceparent(3)}') /*traceparent='${traceparent(2)}'*/`,
    "INSERT INTO orders VALUES (4, 'none', 'no trace')",
    `DELETE FROM orders WHERE id = 3`,
    `/*traceparent='${traceparent(5)}'*/ UPDATE orders SET id = 5 WHERE id = 4`,
  );
  await pipeline.converged();

  const told: Record<string, string | undefined> = {};
  await pipeline.reader.readTopic(pipeline.topic('orders'), {}, ({ key, headers }) => {
    const operation = headers.get('operation')?.toString('utf8');
    if (operation !== undefined)
      told[`${operation} ${String(key)}`] = headers.get('traceparent')?.toString('utf8');
  });
  expect(told).toEqual({
    'SNAPSHOT {"id":1}': undefined,
    'INSERT {"id":2}': traceparent(2),
    'INSERT {"id":3}': traceparent(3),
    'INSERT {"id":4}': undefined,
    'DELETE {"id":3}': traceparent(3),
    'DELETE {"id":4}': traceparent(5),
    'INSERT {"id":5}': traceparent(5),
  });

  const topic = pipeline.topic('orders');
  const services = ['sluice-capture', 'sluice-sink-elasticsearch', 'sluice-sink-mysql', 'sluice-sink-redis'];
  for (const n of [2, 3, 5]) {
    const spans = await eventually(`the spans of trace ${n}`, () => {
      const found = collector.spans.filter((span) => span.traceId === traceId(n));
      return new Set(found.map(({ service }) => service)).size === services.length && found;
    });
    for (const { parentSpanId, name, service, startTimeUnixNano, endTimeUnixNano } of spans) {
      expect(parentSpanId).toBe(PARENT);
      expect(name).toBe(service === 'sluice-capture' ? `send ${topic}` : `process ${topic}`);
      expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
    }
  }
  const traces = new Set(collector.spans.map((span) => span.traceId));
  expect([...traces].sort()).toEqual([traceId(2), traceId(3), traceId(5)]);
});

/** What services export to: OTLP over HTTP, in JSON. */
class Collector {
  readonly spans: Span[] = [];
  readonly #server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.once('end', () => {
      this.#take(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });

  static async start(scope: Scope): Promise<Collector> {
    const collector = new Collector();
    await new Promise<void>((resolve) => void collector.#server.listen(0, '127.0.0.1', resolve));
    scope.defer(() => {
      collector.#server.closeAllConnections();
      collector.#server.close();
    });
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #take(body: string): void {
    const { resourceSpans } = JSON.parse(body) as {
      resourceSpans: {
        resource: { attributes: { key: string; value: { stringValue: string } }[] };
        scopeSpans: { spans: Omit<Span, 'service'>[] }[];
      }[];
    };
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
      for (const { spans } of scopeSpans) this.spans.push(...spans.map((span) => ({ ...span, service })));
    }
  }
}
