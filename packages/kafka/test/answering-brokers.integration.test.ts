import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { answeringFirst, watchedSockets } from '../src/answering-brokers.ts';

test('a broker that takes a connection and says nothing is tried last, until it says something', async () => {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer((socket) => accepted.resolve(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  // Names that no other test asks: what owes an answer is known to the whole process.
  const brokers = [`127.0.0.1:${port}`, 'second.answering.test:9092', 'third.answering.test:9092'];
  const firsts = () => new Set(Array.from({ length: 200 }, () => answeringFirst(brokers)[0]));
  expect(firsts()).toEqual(new Set(brokers));
  const socket = watchedSockets({ host: '127.0.0.1', port, onConnect: () => undefined } as never);
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  const [broker] = await Promise.all([accepted.promise, once(socket, 'connect')]);
  onTestFinished(() => void broker.destroy());
  for (let tries = 0; tries < 50; tries++) expect(answeringFirst(brokers).at(-1)).toBe(brokers[0]);
  broker.write('an answer');
  await once(socket, 'data');
  expect(firsts()).toEqual(new Set(brokers));
});
