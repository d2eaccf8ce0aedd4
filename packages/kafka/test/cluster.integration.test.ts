import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { BrokerConnections } from '../src/broker-connections.ts';
import { Cluster } from '../src/cluster.ts';
import { TestBroker } from './support/broker.ts';
import { frozenBroker } from './support/frozen-broker.ts';

let broker: TestBroker;
beforeAll(async () => {
  broker = await TestBroker.start();
});
afterAll(() => broker.stop());

test('a broker that takes connections and answers nothing is asked once, then the others are', async () => {
  const topic = await broker.topic(2);
  const { address, connections: asked } = await frozenBroker();
  const brokers = [address, ...broker.config.brokers];
  const kafka = { ...broker.config, brokers };
  const connections = new BrokerConnections(kafka, { connectTimeoutMs: 2000, requestTimeoutMs: 500 });
  onTestFinished(() => connections.destroy());
  const cluster = new Cluster(connections, kafka);
  await expect(cluster.refresh([topic])).rejects.toThrow('timed out');
  await cluster.refresh([topic]);
  expect([asked(), cluster.partitionCount(topic)]).toEqual([1, 2]);
  expect((await cluster.topicIds()).has(topic)).toBe(true);
  // Nor by another client of the process: a session that ends for the frozen broker is followed by one that begins elsewhere.
  await new Cluster(connections, kafka).refresh([topic]);
  expect(asked()).toBe(1);
});
