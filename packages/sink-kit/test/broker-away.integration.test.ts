import { ensureTopics, kafkaClient, PlainProducer } from '@sluice/kafka';
import { ADDRESS_VARIABLES, startStack } from '@sluice/local-stack';
import { createLogger, createMetrics, loadedConfig, OperatorNeed, parseConfig } from '@sluice/runtime';
import { afterAll, expect, test } from 'vitest';
import { sinkBaseSchema } from '../src/settings.ts';
import { SinkService } from '../src/sink-service.ts';
import { conformanceTopic, inMemorySink, itemRow, sequenceAt } from '../src/testing/index.ts';

/** A broker of this test's own, whatever the environment names: it is killed. */
const stack = await startStack({
  servers: ['kafka'],
  env: { ...process.env, [ADDRESS_VARIABLES.kafka]: undefined },
});
afterAll(() => stack.stop());
const log = createLogger('test', { level: 'silent' });
/** A service's grace, after which it is ended by force. */
const GRACE_MS = 25_000;

test('a sink whose broker is away stops in time', async () => {
  const kafka = kafkaClient({ brokers: [...stack.kafka.brokers], clientId: 'broker-away' }, log);
  const items = conformanceTopic();
  await ensureTopics(kafka, [{ name: items.topic, partitions: 3, replicationFactor: 1, configs: {} }]);
  const sink = inMemorySink();
  const config = parseConfig(
    `pipeline: test
source: { host: h, user: u, tables: ['*.*'] }
kafka: { brokers: ${JSON.stringify(stack.kafka.brokers)} }
sinks: { memory: { ops: { port: 0, metricsPort: 0 } } }`,
    {},
  );
  const [metrics, { signal }] = [createMetrics('test'), new AbortController()];
  const need = new OperatorNeed({ onFatal: 'exit', registry: metrics.registry, log, signal });
  const service = new SinkService(
    { type: 'memory', schema: sinkBaseSchema, create: () => sink },
    {
      name: 'sink-memory',
      config,
      loaded: loadedConfig(config, 'sink-memory', Date.now()),
      env: {},
      log,
      metrics,
      need,
      tracing: null,
      signal,
    },
  );
  const producer = new PlainProducer(kafka);
  await producer.connect();
  const row = items.row({ operation: 'INSERT', sequence: sequenceAt(1), row: itemRow(1, 1) });
  await producer.send({
    topic: row.topic,
    key: Buffer.from(row.key),
    value: Buffer.from(row.value),
    headers: {},
  });
  await producer.close();
  await expect.poll(() => sink.writes.length, { timeout: 60_000 }).toBe(1);
  // Its offset is about to be committed.
  await stack.kill('kafka');
  const started = performance.now();
  await service.close();
  expect(performance.now() - started).toBeLessThan(GRACE_MS);
});
