import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { brokersKnown } from '../../src/servers/kafka-metadata.ts';
import { greetsAsMysql } from '../../src/servers/mysql-greeting.ts';
import { REDIS } from '../../src/servers/redis-server.ts';

const HOST = '127.0.0.1';
const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer(onConnection);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return (server.address() as AddressInfo).port;
}

const answering = (bytes: Buffer | string) =>
  listen((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(bytes));
  });
const greeting = (bytes: Buffer) =>
  listen((socket) => {
    socket.on('error', () => undefined);
    socket.write(bytes);
  });

function metadataAnswer(correlationId: number, brokers: number): Buffer {
  const answer = Buffer.alloc(12);
  answer.writeInt32BE(8, 0);
  answer.writeInt32BE(correlationId, 4);
  answer.writeInt32BE(brokers, 8);
  return answer;
}

describe('Kafka', () => {
  test('answers once it names a broker', async () => {
    expect(await brokersKnown(HOST, await answering(metadataAnswer(7, 1)))).toBe(1);
    expect(await brokersKnown(HOST, await answering(metadataAnswer(7, 0)))).toBe(0);
  });

  test('does not answer with something else, nor by hanging up', async () => {
    expect(await brokersKnown(HOST, await answering(metadataAnswer(8, 1)))).toBe(0);
    expect(await brokersKnown(HOST, await listen((socket) => socket.destroy()))).toBe(0);
  });
});

describe('MySQL', () => {
  test('answers with a handshake, protocol version 10', async () => {
    expect(await greetsAsMysql(HOST, await greeting(Buffer.from([74, 0, 0, 0, 10, 57])))).toBe(true);
  });

  test('refuses with an error packet', async () => {
    expect(await greetsAsMysql(HOST, await greeting(Buffer.from([23, 0, 0, 0, 255, 16])))).toBe(false);
  });
});

describe('Redis', () => {
  test.each([
    ['+PONG\r\n', true],
    ['-NOAUTH Authentication required.\r\n', true],
    ['-LOADING Redis is loading the dataset in memory\r\n', false],
  ])('%j: %s', async (answer, ready) => {
    expect(await REDIS.answers(HOST, await answering(answer))).toBe(ready);
  });

  test('nobody listens', async () => {
    const port = await listen(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await REDIS.answers(HOST, port)).toBe(false);
  });
});
