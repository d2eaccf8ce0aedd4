import { createMetrics, type AuditEntry, type Logger } from '@sluice/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AuditTrail, compareTopics, auditTopicSpec } from '../src/index.ts';
import { SILENT, TestBroker } from './support/broker.ts';
import { KafkaProxy } from './support/kafka-proxy.ts';

let broker: TestBroker;
beforeAll(async () => {
  broker = await TestBroker.start();
});
afterAll(() => broker.stop());

const topics = { replicationFactor: 1, auditRetentionMs: 86_400_000 };
const entry = (route: string): AuditEntry => ({
  at: '2026-01-01T00:00:00.000Z',
  principal: 'ann',
  role: 'operator',
  address: '127.0.0.1',
  method: 'POST',
  route,
  params: {},
  order: { by: 'ann' },
  status: 200,
  result: 'done',
  code: null,
  omitted: 0,
});

async function routesIn(topic: string): Promise<unknown[]> {
  const documents = (await broker.records(topic)).map(
    ({ value }) => JSON.parse(value?.toString('utf8') ?? '') as { payload: { route: string } },
  );
  return documents.map(({ payload }) => payload.route);
}

test('entries are stored in the order in which they came, in a topic that is never compacted', async () => {
  const topic = broker.uniqueName('audit');
  const { registry } = createMetrics('test');
  const trail = new AuditTrail({
    kafka: broker.config,
    topic,
    topics,
    service: 'capture',
    log: SILENT,
    registry,
  });
  await Promise.all(['/a', '/b', '/c'].map((route) => trail.record(entry(route))));
  expect(await routesIn(topic)).toEqual(['/a', '/b', '/c']);
  const [first] = await broker.records(topic);
  expect(JSON.parse(first?.value?.toString('utf8') ?? '')).toMatchObject({
    schema: { version: 1, type: 'audit' },
    payload: {
      service: 'capture',
      principal: 'ann',
      instance: expect.stringContaining(`:${process.pid}`) as string,
    },
  });
  expect((await compareTopics(broker.client, [auditTopicSpec(topic, topics)])).problems).toEqual([]);
  const spec = auditTopicSpec(topic, topics);
  expect(spec.configs).toEqual({ 'cleanup.policy': 'delete', 'retention.ms': '86400000' });
  expect(await registry.metrics()).toContain('cdc_audit_records_total{result="stored"} 3');
  await trail.close();
});

test('what Kafka does not take is told at once, obeyed, and stored when Kafka is back', async () => {
  const topic = broker.uniqueName('audit');
  const proxy = await KafkaProxy.before(broker.config.brokers[0] ?? '');
  proxy.down = true;
  const told: unknown[] = [];
  const log = Object.assign(Object.create(SILENT) as Logger, {
    error: (fields: { event: string }) => void told.push(fields),
  });
  const { registry } = createMetrics('test');
  const kafka = { ...broker.config, brokers: [proxy.broker] };
  const trail = new AuditTrail({ kafka, topic, topics, service: 'capture', log, registry, patienceMs: 100 });
  await trail.record(entry('/a'));
  expect(told).toEqual([{ event: 'audit.late', entry: entry('/a') }]);
  expect(trail.trouble).toBe(`1 order(s) are not in ${topic} yet: Kafka does not take them`);
  await trail.record(entry('/b'));
  expect(trail.trouble).toContain('2 order(s)');
  proxy.down = false;
  await expect.poll(() => trail.trouble, { timeout: 30_000 }).toBe(null);
  await expect.poll(() => routesIn(topic), { timeout: 30_000 }).toEqual(['/a', '/b']);
  expect(await registry.metrics()).toContain('cdc_audit_records_total{result="late"} 2');
  await trail.close();
  await proxy.close();
}, 60_000);

test('what could not be stored before the end is in the log as a whole', async () => {
  const told: unknown[] = [];
  const log = Object.assign(Object.create(SILENT) as Logger, {
    error: (fields: { event: string }) => void told.push(fields),
  });
  const kafka = { ...broker.config, brokers: ['127.0.0.1:1'] };
  const trail = new AuditTrail({ kafka, topic: 'none', topics, service: 'capture', log, patienceMs: 10 });
  await trail.record(entry('/a'));
  await trail.close();
  expect(told).toContainEqual({ event: 'audit.dropped', entry: entry('/a') });
});
