import {
  createServer,
  request as send,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt } from '@sluice/sink-kit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { clusterFixture, column, id, insert, topicOf, write } from './cluster-fixture.ts';

const { client, node, index, worker, documents } = await clusterFixture();

/** Passes requests on to the cluster. */
class Proxy {
  /** Requests that change something and are still passed on; at the next one the process that sends it is killed. */
  left = Number.POSITIVE_INFINITY;
  /** Bytes of a body that are too many. */
  tooLarge = Number.POSITIVE_INFINITY;
  refusedBytes = 0;
  /** What a body may not have in it. */
  forbidden: string | null = null;
  /** Called before a request is passed on. */
  before: (path: string, isChange: boolean) => Promise<void> = async () => undefined;
  readonly #server: Server = createServer((incoming, outgoing) => {
    if (this.left >= 0 && changes(incoming)) this.left -= 1;
    if (this.left < 0) return void incoming.socket.destroy();
    const body: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => body.push(piece));
    incoming.on('end', () => void this.#passOn(incoming, Buffer.concat(body), outgoing));
  });

  async #passOn(incoming: IncomingMessage, bytes: Buffer, outgoing: ServerResponse): Promise<void> {
    const { method, headers, url = '/' } = incoming;
    await this.before(url, changes(incoming));
    if (bytes.length > this.tooLarge) {
      this.refusedBytes = bytes.length;
      return void outgoing.writeHead(413, { 'x-elastic-product': 'Elasticsearch' }).end();
    }
    if (this.forbidden !== null && bytes.includes(this.forbidden)) {
      const headersOfAnswer = { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' };
      return void outgoing
        .writeHead(403, headersOfAnswer)
        .end('{"error":{"type":"security_exception"},"status":403}');
    }
    send(new URL(url, node), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    }).end(bytes);
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    onTestFinished(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
}

function changes({ method, url = '' }: IncomingMessage): boolean {
  return method === 'PUT' || /_(bulk|aliases|mapping|settings|block)\b/.test(url);
}

const of = (type: string, partition = 0) => topicOf({ columns: [id, column('v', type)], partition });
const CHANGE = { change: 'breaking', policy: 'apply', partitions: 1 } as const;

test('killed at any request of a move, the sink goes on and ends equal; truncates of meanwhile hold', async () => {
  for (let killedAt = 0, isDone = false; !isDone; killedAt += 1) {
    const table = { database: `d${killedAt}` };
    const topic = (type: string) => topicOf({ ...table, columns: [id, column('v', type)] });
    const proxy = new Proxy();
    const dying = worker('test', await proxy.listen());
    await write(dying, topic('json').schema(sequenceAt(1)));
    const rows = [2, 3, 4].map((step) => insert(topic('json'), step, { v: { a: step } }));
    await write(dying, ...rows);
    const [name, filter] = [index(`${table.database}.orders`), { term: { id: 3 } }];
    await client.indices.putAlias({ index: name, name: `${name}-mine`, filter, search_routing: '1' });
    proxy.left = killedAt;
    const change = topic('varchar(9)').schema(sequenceAt(10), CHANGE);
    const outcome = await write(dying, change).catch(() => ['killed']);
    isDone = outcome[0] === 'applied';
    const next = worker();
    // What was not committed comes once more, beginning in front of the change, or of the table.
    if (killedAt % 2 === 0)
      expect(await write(next, topic('json').schema(sequenceAt(1)))).toEqual(['applied']);
    expect(await write(next, ...rows), `killed at ${killedAt}`).toEqual(['stale', 'stale', 'stale']);
    expect(await write(next, topic('json').truncate(sequenceAt(3))), `killed at ${killedAt}`).toEqual([
      'applied',
    ]);
    expect(await write(next, change)).toEqual(['applied']);
    expect(await write(next, insert(topic('varchar(9)'), 12, { v: 'x' }))).toEqual(['applied']);
    expect(Object.keys(await documents(`${name}.live`)).sort(), `killed at ${killedAt}`).toEqual([
      '{"id":12}',
      '{"id":3}',
      '{"id":4}',
    ]);
    const [found, ...more] = Object.values(await client.indices.get({ index: name }));
    expect(more).toEqual([]);
    expect(found?.aliases?.[`${name}-mine`], `killed at ${killedAt}`).toEqual({
      filter,
      search_routing: '1',
    });
    expect(found?.settings?.index?.blocks).toBeUndefined();
    expect(found?.mappings?.properties?.['v']).toMatchObject({ type: 'text' });
    expect(Object.keys(await client.indices.get({ index: `${name}*` }))).toHaveLength(1);
  }
});

test('a page that is too large for a request goes in pieces', async () => {
  const proxy = new Proxy();
  const sink = worker('test', await proxy.listen());
  await write(sink, of('int').schema(sequenceAt(1)));
  await write(sink, ...Array.from({ length: 120 }, (_, at) => insert(of('int'), 10 + at, { v: at })));
  proxy.tooLarge = 4000;
  expect(await write(sink, of('varchar(9)').schema(sequenceAt(500), CHANGE))).toEqual(['applied']);
  expect(proxy.refusedBytes).toBeGreaterThan(4000);
  expect(Object.keys(await documents(index()))).toHaveLength(120);
});

test('where the account may not change an alias of readers, the table waits, and they keep it', async () => {
  const proxy = new Proxy();
  const sink = worker('test', await proxy.listen());
  await write(sink, of('int').schema(sequenceAt(1)));
  await write(sink, insert(of('int'), 2, { v: 1 }));
  const alias = `${index()}-mine`;
  await client.indices.putAlias({ index: index(), name: alias });
  proxy.forbidden = alias;
  const change = of('varchar(9)').schema(sequenceAt(500), CHANGE);
  const [refused] = await write(sink, change);
  expect(refused).toContain('ELASTICSEARCH_INDEX_REFUSED');
  expect(refused).toContain(`may not give it the aliases of that one (${alias})`);
  expect(Object.keys(await documents(alias))).toEqual(['{"id":2}']);
  proxy.forbidden = null;
  expect(await write(sink, change)).toEqual(['applied']);
  expect(Object.keys(await documents(alias))).toEqual(['{"id":2}']);
});

test('an index that another process moves while this one reads it counts as moved', async () => {
  const proxy = new Proxy();
  const [sink, other] = [worker('test', await proxy.listen()), worker()];
  await write(sink, of('int').schema(sequenceAt(1)));
  await write(sink, ...Array.from({ length: 10 }, (_, at) => insert(of('int'), 10 + at, { v: at })));
  const change = of('varchar(9)').schema(sequenceAt(500), CHANGE);
  let overtaken = 0;
  proxy.before = async (path) => {
    if (overtaken > 0 || !path.startsWith('/_search/scroll')) return;
    overtaken += 1;
    expect(await write(other, change)).toEqual(['applied']);
  };
  expect(await write(sink, change)).toEqual(['applied']);
  expect(overtaken).toBe(1);
  expect(await write(sink, insert(of('varchar(9)'), 600, { v: 'x' }))).toEqual(['applied']);
  expect(Object.keys(await documents(`${index()}.live`))).toHaveLength(11);
  expect(Object.keys(await client.indices.get({ index: `${index()}*` }))).toHaveLength(1);
});

test('overtaken at any step of its move by another process, a sink leaves the index as that one made it', async () => {
  for (let overtakenAt = 1, isDone = false; !isDone; overtakenAt += 1) {
    const name = index(`d${overtakenAt}.orders`);
    const topic = (type: string) =>
      topicOf({ database: `d${overtakenAt}`, columns: [id, column('v', type)] });
    const proxy = new Proxy();
    const [sink, other] = [worker('test', await proxy.listen()), worker()];
    await write(sink, topic('int').schema(sequenceAt(1)));
    await write(sink, insert(topic('int'), 2, { v: 1 }), insert(topic('int'), 3, { v: 2 }));
    const change = topic('varchar(9)').schema(sequenceAt(10), CHANGE);
    let steps = 0;
    proxy.before = async (_path, isChange) => {
      if (!isChange) return;
      steps += 1;
      if (steps === overtakenAt) expect(await write(other, change)).toEqual(['applied']);
    };
    expect(await write(sink, change), `overtaken at ${overtakenAt}`).toEqual(['applied']);
    isDone = steps < overtakenAt;
    proxy.before = async () => undefined;
    expect(await write(sink, insert(topic('varchar(9)'), 12, { v: 'x' }))).toEqual(['applied']);
    const [found, ...more] = Object.values(await client.indices.get({ index: name }));
    expect(more).toEqual([]);
    expect(found?.mappings?._meta?.['sluice'], `overtaken at ${overtakenAt}`).toEqual({
      owner: { prefix: 'test', database: `d${overtakenAt}`, table: 'orders' },
      sequence: sequenceAt(10),
      fields: { id: 'long', v: 'text' },
    });
    expect(found?.settings?.index?.blocks, `overtaken at ${overtakenAt}`).toBeUndefined();
    expect(Object.keys(await documents(`${name}.live`))).toHaveLength(3);
    expect(Object.keys(await client.indices.get({ index: `${name}*` }))).toHaveLength(1);
  }
});

test('processes that move an index at once, while others write, lose nothing and leave no block', async () => {
  const sinks = [worker(), worker(), worker()] as const;
  await Promise.all(sinks.map((sink, partition) => write(sink, of('int', partition).schema(sequenceAt(1)))));
  await write(sinks[0], ...Array.from({ length: 900 }, (_, at) => insert(of('int'), 10 + at, { v: at })));
  const change = { ...CHANGE, partitions: 3 };
  const follow = async (partition: 0 | 1 | 2): Promise<void> => {
    const record = of('varchar(9)', partition).schema(sequenceAt(2000), change);
    for (;;) {
      const [outcome = ''] = await write(sinks[partition], record);
      if (outcome === 'applied') break;
      expect(outcome).toMatch(/^ELASTICSEARCH_INDEX_WAITS/);
    }
    for (let step = 0; step < 30; step += 1) {
      const row = insert(of('varchar(9)', partition), 3000 + partition * 100 + step, { v: 'new' });
      expect(await write(sinks[partition], row)).toEqual(['applied']);
    }
  };
  await Promise.all([follow(0), follow(1), follow(2)]);
  expect(Object.keys(await documents(`${index()}.live`))).toHaveLength(990);
  expect(Object.keys(await client.indices.get({ index: `${index()}*` }))).toHaveLength(1);
});

test.each([
  ['one change', [['varchar(9)', 'x']]],
  [
    'two changes',
    [
      ['varchar(9)', 'x'],
      ['json', { a: 1 }],
    ],
  ],
] as const)('a partition that has lost the records of %s to retention holds up none', async (_, changes) => {
  const sink = worker();
  const told = { partitions: 3, policy: 'apply' } as const;
  const logs: Delivery[][] = [0, 1, 2].map((partition) => [
    of('int', partition).schema(sequenceAt(1), told),
    insert(of('int', partition), 2 + partition, { v: partition }),
  ]);
  for (const [at, [type, v]] of changes.entries())
    for (const partition of [1, 2])
      logs[partition]?.push(
        of(type, partition).schema(sequenceAt(10 + 10 * at), { ...told, change: 'breaking' }),
        insert(of(type, partition), 11 + 10 * at + partition, { v }),
      );
  const [type, v] = changes.at(-1) ?? ['int', 0];
  for (const [partition, log] of logs.entries())
    log.push(
      of(type, partition).schema(sequenceAt(50), told),
      insert(of(type, partition), 60 + partition, { v }),
    );
  for (let round = 0; logs.some(({ length }) => length > 0); round += 1) {
    const at = logs.map(([first]) => first?.envelope.payload.sequence);
    expect(round, `all wait, at ${at.join()}`).toBeLessThan(30);
    for (const log of logs) {
      const [record] = log;
      if (record === undefined) continue;
      const [outcome = ''] = await write(sink, record);
      if (outcome === 'applied') log.shift();
      else expect(outcome).toMatch(/^ELASTICSEARCH_INDEX_WAITS/);
    }
  }
  expect(Object.keys(await documents(`${index()}.live`))).toHaveLength(6 + 2 * changes.length);
  const [found] = Object.values(await client.indices.get({ index: index() }));
  expect(found?.mappings?._meta?.['sluice']).toMatchObject({ sequence: sequenceAt(50) });
});

test('a block that a move has left on the index in use is lifted, one of a person’s is not', async () => {
  const sink = worker();
  await write(sink, of('int').schema(sequenceAt(1)));
  const [found] = Object.values(await client.indices.get({ index: index() }));
  const sluice = found?.mappings?._meta?.['sluice'] as object;
  await client.indices.putMapping({ index: index(), _meta: { sluice: { ...sluice, movedTo: 'x' } } });
  for (const isOurs of [true, false]) {
    await client.indices.addBlock({ index: index(), block: 'write' });
    if (!isOurs) await client.indices.putMapping({ index: index(), _meta: { sluice } });
    const row = insert(of('int'), isOurs ? 2 : 3, { v: 1 });
    const unavailable = { code: 'ELASTICSEARCH_UNAVAILABLE' };
    await expect(sink.write([row], new AbortController().signal)).rejects.toMatchObject(unavailable);
    if (isOurs) expect(await write(sink, row)).toEqual(['applied']);
    else await expect(write(sink, row)).rejects.toMatchObject(unavailable);
  }
});

test('rows whose alias a person has given to another index, too, wait by name', async () => {
  const sink = worker();
  await write(sink, of('int').schema(sequenceAt(1)));
  await client.indices.create({ index: index('mine'), aliases: { [`${index()}.live`]: {} } });
  const row = insert(of('int'), 2, { v: 1 });
  const why = `ELASTICSEARCH_INDEX_REFUSED: ${index()}: alias ${index()}.live leads to several indexes; take it from all but the table's own`;
  expect(await write(sink, row)).toEqual([why]);
  await client.indices.deleteAlias({ index: index('mine'), name: `${index()}.live` });
  expect(await write(sink, row)).toEqual(['applied']);
});

test('a table gets an index that another has given up, or that somebody has deleted, in a process that knew the other', async () => {
  const [one, two] = [topicOf({ table: 'Items' }), topicOf({ table: 'items' })];
  const [sink, other] = [worker(), worker()];
  await write(sink, one.schema(sequenceAt(1)));
  await write(sink, insert(one, 2));
  expect((await write(sink, two.schema(sequenceAt(5))))[0]).toMatch(/would share/);
  // The partition that says so is another process's by now.
  await write(other, one.schema(sequenceAt(4), { change: 'drop', policy: 'apply' }));
  expect(await write(sink, two.schema(sequenceAt(5)))).toEqual(['applied']);
  expect((await write(sink, one.schema(sequenceAt(6))))[0]).toMatch(/would share/);
  await client.indices.delete({ index: index('shop.items') });
  expect(await write(sink, one.schema(sequenceAt(6)))).toEqual(['applied']);
});

test('a drop that comes again gives nobody the index of the table that was made since', async () => {
  const [one, two] = [topicOf({ table: 'Items' }), topicOf({ table: 'items' })];
  const sink = worker();
  const dropped = one.schema(sequenceAt(3), { change: 'drop', policy: 'apply' });
  for (const record of [one.schema(sequenceAt(1)), dropped, one.schema(sequenceAt(5)), dropped])
    expect(await write(sink, record)).toEqual(['applied']);
  expect((await write(worker(), two.schema(sequenceAt(7))))[0]).toMatch(/would share/);
});

test('a record that partitions have only looked ahead at moves no index', async () => {
  const sink = worker();
  const both = { partitions: 2, policy: 'apply' } as const;
  for (const partition of [0, 1])
    expect(await write(sink, of('json', partition).schema(sequenceAt(1), both))).toEqual(['applied']);
  const waits = [expect.objectContaining({ kind: 'failed' })];
  for (const partition of [0, 1, 0]) {
    const ahead = of('varchar(9)', partition).schema(sequenceAt(20), both);
    expect(await sink.write([ahead], new AbortController().signal, 'replay')).toEqual(waits);
  }
  expect(await write(sink, insert(of('json'), 2, { v: { a: 1 } }))).toEqual(['applied']);
  for (const expected of ['ELASTICSEARCH_INDEX_WAITS', 'applied']) {
    const partition = expected === 'applied' ? 1 : 0;
    const [outcome] = await write(sink, of('varchar(9)', partition).schema(sequenceAt(20), both));
    expect(outcome).toContain(expected);
  }
});

test('a partition that is read again from before a move goes on when the table was dropped since, and made anew', async () => {
  const sink = worker();
  const both = { partitions: 2, policy: 'apply' } as const;
  const made = (partition: number) => of('json', partition).schema(sequenceAt(1), both);
  const changed = (partition: number) =>
    of('varchar(9)', partition).schema(sequenceAt(10), { ...both, change: 'breaking' });
  const dropped = (partition: number) =>
    of('varchar(9)', partition).schema(sequenceAt(20), { ...both, change: 'drop' });
  const anew = (partition: number) => of('int', partition).schema(sequenceAt(30), both);
  const waits = [expect.stringMatching(/^ELASTICSEARCH_INDEX_WAITS/)];

  for (const partition of [0, 1]) expect(await write(sink, made(partition))).toEqual(['applied']);
  expect(await write(sink, changed(0))).toEqual(waits);
  for (const partition of [1, 0]) expect(await write(sink, changed(partition))).toEqual(['applied']);
  expect(await write(sink, dropped(1))).toEqual(['applied']);
  expect(await write(sink, anew(1))).toEqual(waits);
  for (const record of [made, changed, dropped]) expect(await write(sink, record(0))).toEqual(['applied']);
  for (const partition of [0, 1]) expect(await write(sink, anew(partition))).toEqual(['applied']);
  expect(await write(sink, insert(of('int'), 31, { v: 7 }))).toEqual(['applied']);
});
