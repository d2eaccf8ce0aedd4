import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { FaultProxy } from './fault-proxy.ts';

/** A server that says everything back, behind a proxy. */
async function echoBehindProxy(): Promise<FaultProxy> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const proxy = await FaultProxy.start({ host: '127.0.0.1', port });
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  return proxy;
}

interface Client {
  readonly socket: Socket;
  /** Everything that has come, and how many chunks it came in. */
  readonly received: { text: string; chunks: number };
  /** Code of the error that ended it. */
  readonly failure: Promise<string>;
}

async function clientOf(proxy: FaultProxy): Promise<Client> {
  const socket = connect(proxy.port, proxy.host);
  const received = { text: '', chunks: 0 };
  socket.on('data', (chunk) => {
    received.text += String(chunk);
    received.chunks++;
  });
  const failure = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
    socket.once('error', () => resolve());
  });
  return { socket, received, failure };
}

test('bytes pass unchanged in both directions', async () => {
  const { socket, received } = await clientOf(await echoBehindProxy());
  const text = 'abc'.repeat(300_000);
  socket.write(text);
  await eventually('the echo', () => received.text.length >= text.length);
  expect(received.text).toBe(text);
});

test('latency delays what is said, once in each direction', async () => {
  const proxy = await echoBehindProxy();
  const { socket, received } = await clientOf(proxy);
  proxy.impose({ latencyMs: 60 });
  const begun = performance.now();
  socket.write('late');
  await eventually('the echo', () => received.text === 'late', { everyMs: 5 });
  expect(performance.now() - begun).toBeGreaterThanOrEqual(120);
});

test('no byte is earlier than the latency says, whatever part of a millisecond that is', async () => {
  const proxy = await echoBehindProxy();
  const { socket } = await clientOf(proxy);
  proxy.impose({ latencyMs: 1.9 });
  const tooShort: number[] = [];
  for (let round = 0; round < 50; round++) {
    const begun = performance.now();
    socket.write('late');
    await once(socket, 'data');
    const tookMs = performance.now() - begun;
    if (tookMs < 3.8) tooShort.push(tookMs);
  }
  expect(tooShort).toEqual([]);
});

test('a bounded link takes its time', async () => {
  const proxy = await echoBehindProxy();
  const { socket, received } = await clientOf(proxy);
  proxy.impose({ bytesPerSecond: 10_000 }, 'requests');
  const begun = performance.now();
  socket.write('x'.repeat(1500));
  await eventually('the echo', () => received.text.length === 1500, { everyMs: 5 });
  expect(performance.now() - begun).toBeGreaterThanOrEqual(150);
});

test('sliced, it comes in many pieces and whole', async () => {
  const proxy = await echoBehindProxy();
  const { socket, received } = await clientOf(proxy);
  // Pieces that follow each other at once may be joined again on the way.
  proxy.impose({ sliceBytes: 7, bytesPerSecond: 7000 }, 'answers');
  const text = Array.from({ length: 50 }, (_, number) => String(number)).join(' ');
  socket.write(text);
  await eventually('the echo', () => received.text.length >= text.length);
  expect(received.text).toBe(text);
  expect(received.chunks).toBeGreaterThan(5);
});

test('into a blackhole nothing comes, and everything when it ends', async () => {
  const proxy = await echoBehindProxy();
  const { socket, received, failure } = await clientOf(proxy);
  proxy.impose({ isBlackhole: true });
  const late = await clientOf(proxy);
  socket.write('held');
  late.socket.write('too');
  const sentinel = await Promise.race([
    failure,
    eventually('nothing', () => received.text !== '', { timeoutMs: 150 }).catch(() => 'silence'),
  ]);
  expect([sentinel, received.text, late.received.text]).toEqual(['silence', '', '']);
  proxy.clear();
  await eventually('what was held', () => received.text === 'held' && late.received.text === 'too');
});

test('a blackhole of the answers alone lets requests through', async () => {
  const proxy = await echoBehindProxy();
  const { socket, received } = await clientOf(proxy);
  proxy.impose({ isBlackhole: true }, 'answers');
  socket.write('heard');
  await eventually('silence', () => received.text !== '', { timeoutMs: 100 }).catch(() => undefined);
  expect(received.text).toBe('');
  proxy.clear();
  await eventually('the answer', () => received.text === 'heard');
});

test('a reset reaches the client as one, and new connections work', async () => {
  const proxy = await echoBehindProxy();
  const first = await clientOf(proxy);
  await eventually('the link', () => proxy.connections === 1);
  proxy.reset();
  expect(await first.failure).toBe('ECONNRESET');
  const second = await clientOf(proxy);
  second.socket.write('again');
  await eventually('the echo', () => second.received.text === 'again');
});

test('refused until it is accepted again, on the same port, which no other process takes meanwhile', async () => {
  const proxy = await echoBehindProxy();
  const { port } = proxy;
  // Linux gives the ports from 32768 up to outgoing connections (ip(7)).
  expect(port).toBeLessThan(32_768);
  const first = await clientOf(proxy);
  await eventually('the link', () => proxy.connections === 1);
  await proxy.refuse();
  expect(await first.failure).toBe('ECONNRESET');
  expect(await (await clientOf(proxy)).failure).toBe('ECONNREFUSED');
  await proxy.accept();
  expect(proxy.port).toBe(port);
  const second = await clientOf(proxy);
  second.socket.write('back');
  await eventually('the echo', () => second.received.text === 'back');
});

test('where it leads is asked by new connections; one of them may go astray', async () => {
  const proxy = await echoBehindProxy();
  const old = await clientOf(proxy);
  const { target } = proxy;
  const nobody = { host: '127.0.0.1', port: 1 };
  proxy.leadTo(nobody);
  expect(await (await clientOf(proxy)).failure).toBe('ECONNRESET');
  old.socket.write('lives on');
  await eventually('the echo', () => old.received.text === 'lives on');
  proxy.leadTo(target);
  proxy.strayAt(2, nobody);
  const first = await clientOf(proxy);
  expect(proxy.willStray).toBe(true);
  expect(await (await clientOf(proxy)).failure).toBe('ECONNRESET');
  expect(proxy.willStray).toBe(false);
  const third = await clientOf(proxy);
  for (const { socket } of [first, third]) socket.write('here');
  await eventually('both echoes', () => first.received.text === 'here' && third.received.text === 'here');
});

test('the end of what a client says does not cut its answer', async () => {
  const proxy = await echoBehindProxy();
  const { socket, received } = await clientOf(proxy);
  proxy.impose({ latencyMs: 30 });
  const ended = new Promise<void>((resolve) => socket.once('end', resolve));
  socket.end('last words');
  await ended;
  expect(received.text).toBe('last words');
});

test('a server that is not there resets its client', async () => {
  const proxy = await echoBehindProxy();
  const nobody = await FaultProxy.start({ host: '127.0.0.1', port: 1 });
  onTestFinished(() => nobody.close());
  expect(proxy.port).not.toBe(nobody.port);
  expect(await (await clientOf(nobody)).failure).toBe('ECONNRESET');
});
