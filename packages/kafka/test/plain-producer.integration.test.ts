import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { kafkaClient, PlainProducer } from '../src/index.ts';
import { SILENT, TestBroker } from './support/broker.ts';
import { frozenBroker } from './support/frozen-broker.ts';
import { KafkaProxy, PRODUCE } from './support/kafka-proxy.ts';

let broker: TestBroker;
let proxy: KafkaProxy;

beforeAll(async () => {
  broker = await TestBroker.start();
  proxy = await KafkaProxy.before(broker.config.brokers[0] ?? '');
});
afterAll(async () => {
  await proxy.close();
  await broker.stop();
});

const letter = (topic: string, value: string) => ({
  topic,
  partition: 0,
  key: null,
  value: Buffer.from(value),
  headers: {},
});

test('records that are sent at once are all stored, each once, when the answer to the first is lost', async () => {
  const topic = await broker.topic(1);
  const producer = new PlainProducer(kafkaClient({ ...broker.config, brokers: [proxy.broker] }, SILENT));
  onTestFinished(() => producer.close());
  await producer.connect();
  let sent = 0;
  proxy.decide = (apiKey) => (apiKey === PRODUCE && sent++ === 0 ? 'reset-after' : 'pass');
  const values = ['a', 'b', 'c'];
  await Promise.all(values.map((value) => producer.send(letter(topic, value))));
  expect(sent).toBe(4);
  expect((await broker.records(topic)).map(({ value }) => String(value))).toEqual(values);
});

test('a broker that did not answer the first time is asked by a new connection the next time', async () => {
  const topic = await broker.topic(1);
  const addresses = [(await frozenBroker()).address, ...broker.config.brokers];
  let tries = 0;
  const kafka = new kafkajs.Kafka({
    brokers: () => [addresses[Math.min(tries, 1)] ?? ''],
    connectionTimeout: 300,
    requestTimeout: 300,
    enforceRequestTimeout: true,
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 2, initialRetryTime: 20, maxRetryTime: 40 },
  });
  const producer = new PlainProducer(kafka);
  onTestFinished(() => producer.close());
  await expect(producer.send(letter(topic, 'a'))).rejects.toMatchObject({ errorClass: 'retryable' });
  tries = 1;
  await producer.send(letter(topic, 'b'));
  expect((await broker.records(topic)).map(({ value }) => String(value))).toEqual(['b']);
});
