import { checkpointsTopic } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { HeldDump } from '../harness/fault-proxy/held-dump.ts';
import { ReplicatedSource } from '../harness/histories/replica.ts';
import { testScope } from '../harness/scope.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readRows } from '../harness/records/table-records.ts';

/** A source that dies, and its replica: behind, equal, and ahead of what was published, with transactions of several origins. */

const stack = await startStack({ servers: ['kafka'] });
afterAll(() => stack.stop());

interface Status {
  readonly state: string;
  readonly stream: { readonly server: string; readonly generation: number; readonly gtidSet: string } | null;
}

/** The default of MySQL. */
const LOGS_WHAT_IT_REPLICATES = { mysql: [], mariadb: ['--log-slave-updates=ON'] };
const STOP = { mysql: 'STOP REPLICA', mariadb: 'STOP SLAVE' };
const START = { mysql: 'START REPLICA', mariadb: 'START SLAVE' };
const STRANGER = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';
/** Statements by which the next transaction of a session gets another origin, and one that ends it. */
const ORIGINS = {
  mysql: {
    all: 'SELECT @@GLOBAL.gtid_executed AS gtids',
    // Tags are MySQL 8.3's.
    begin: ['AUTOMATIC:app', `${STRANGER}:9`, `${STRANGER}:app:7`, 'AUTOMATIC:batch_2'].map(
      (next) => `SET gtid_next = '${next}'`,
    ),
    end: "SET gtid_next = 'AUTOMATIC'",
  },
  mariadb: {
    all: 'SELECT @@GLOBAL.gtid_binlog_pos AS gtids',
    begin: ['gtid_domain_id = 2', 'server_id = 55', 'gtid_domain_id = 7'].map((set) => `SET SESSION ${set}`),
    end: 'SET SESSION gtid_domain_id = 0, SESSION server_id = 1',
  },
};

test.each(['mysql', 'mariadb'] as const)(
  '%s: capture goes on at the replica when it has all that was published, and nowhere else',
  async (flavour) => {
    const scope = testScope();
    const servers = await ReplicatedSource.start(scope, flavour, LOGS_WHAT_IT_REPLICATES[flavour]);
    const { source, replica } = servers;
    const database = await SourceDatabase.create(scope, source, 'hosts');
    const { name } = database;
    await database.run('CREATE TABLE item (id INT NOT NULL PRIMARY KEY)');
    const link = await HeldDump.start(replica);
    scope.defer(() => link.close());
    const hosts = [source, link].map(({ host, port }) => ({ host, port }));
    const options = { brokers: stack.kafka.brokers, database };
    const sections = { source: { host: undefined, port: undefined, hosts } };
    const pipeline = await CapturePipeline.create(scope, { ...options, sections });
    const insert = (where: 'source' | 'replica', id: number): Promise<unknown> =>
      servers.on(where, `INSERT INTO ${name}.item VALUES (${id})`);
    const { all, begin, end } = ORIGINS[flavour];
    const insertAs = async (origin: string, id: number): Promise<void> => {
      await servers.on('source', origin);
      await insert('source', id);
      await servers.on('source', end);
    };
    const arrived = (process: ServiceProcess, id: number): Promise<void> =>
      pipeline.arrived(process, 'item', `{"id":${id}}`);
    let capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['item']);
    await insert('source', 1);
    for (const [at, origin] of begin.entries()) await insertAs(origin, 100 + at);
    await insert('source', 99);
    await arrived(capture, 99);
    await eventually('capture to know each transaction', async () => {
      const [row] = await servers.on('source', all);
      return inOrder((await statusOf(capture)).stream?.gtidSet) === inOrder(String(row?.['gtids']));
    });
    await servers.caughtUp();

    // Behind: it never got what was published, and is refused with exactly that.
    await servers.on('replica', STOP[flavour]);
    await insert('source', 2);
    await insert('source', 3);
    await arrived(capture, 3);
    const lacks = await lackingOf(capture, flavour);
    await servers.killSource();
    expect(await capture.ended).toMatchObject({ code: 70 });
    const last = capture.log.findLast(({ err }) => err?.code !== undefined)?.err;
    expect(last).toMatchObject({ code: 'SOURCE_DIVERGED' });
    expect(last?.message).toContain(`${link.host}:${link.port}: it lacks published transactions: ${lacks}`);

    // The source is back, in a binlog file before which there are transactions of all these origins: the same generation goes on. Then the replica has more than was published when the source dies.
    await servers.startSource();
    capture = await pipeline.start();
    await insertAs(begin[0] ?? end, 200);
    await insert('source', 4);
    await arrived(capture, 4);
    expect((await statusOf(capture)).stream?.generation).toBe(1);
    await servers.on('replica', START[flavour]);
    await capture.stop();
    await insertAs(begin.at(-1) ?? end, 201);
    await insert('source', 5);
    await servers.caughtUp();
    await servers.killSource();

    // Killed when its new generation is in Kafka, and no transaction of the replica has come: the next one loses nothing.
    link.hold();
    capture = pipeline.launch();
    await eventually('another generation', async () => (await checkpointOf(pipeline)).generation === 2);
    await eventually('its reading to be held', () => link.isHolding);
    expect(await checkpointOf(pipeline)).toMatchObject({ generation: 2, position: 0 });
    expect(capture.log.filter(({ event }) => event === 'source.switched')).toHaveLength(1);
    await capture.kill();
    link.release();
    capture = await pipeline.start();
    await arrived(capture, 5);
    expect(capture.log.filter(({ event }) => event === 'source.switched')).toEqual([]);
    const history = await sluice(pipeline.configFile, 'source', 'history');
    const [old, present] = [source, link].map(({ host, port }) => `${host}:${port}`);
    expect(history.document).toMatchObject({
      server: present,
      switches: [
        {
          generation: 1,
          from: null,
          to: { address: old },
          by: null,
          why: 'the first server of the pipeline',
        },
        {
          generation: 2,
          from: { address: old },
          to: { address: present },
          by: null,
          why: expect.stringContaining(`${old}: `) as string,
        },
      ],
    });
    await servers.on('replica', STOP[flavour]);
    await servers.on('replica', 'SET GLOBAL read_only = OFF');
    await insert('replica', 6);
    await arrived(capture, 6);

    // The old source returns without what was published of the new one, and is not read, whatever stands first in the list.
    await capture.stop();
    await servers.startSource();
    capture = await pipeline.start();
    await insert('replica', 7);
    await arrived(capture, 7);
    expect((await statusOf(capture)).stream).toMatchObject({
      generation: 2,
      server: `${link.host}:${link.port}`,
    });
    expect(await capture.stop()).toMatchObject({ code: 0 });

    const rows = await readRows(pipeline.reader, pipeline.topic('item'));
    const published = rows
      .map(({ payload }) => payload)
      .toSorted((a, b) => (a.sequence < b.sequence ? -1 : 1));
    const others = begin.map((_, at) => 100 + at);
    expect(published.map(({ after }) => after?.['id'])).toEqual([
      1,
      ...others,
      99,
      2,
      3,
      200,
      4,
      201,
      5,
      6,
      7,
    ]);
  },
  120_000,
);

async function statusOf(process: ServiceProcess): Promise<Status> {
  return (await process.status().catch(() => ({ state: '', stream: null }))) as Status;
}

/** The newest in Kafka. */
async function checkpointOf({
  reader,
  name,
}: CapturePipeline): Promise<{ readonly generation: number; readonly position: number }> {
  const newest = await reader.newestRecord(checkpointsTopic(name), name);
  return (JSON.parse(String(newest?.value)) as { checkpoint: { generation: number; position: number } })
    .checkpoint;
}

/** One spelling for a set, whose parts servers write in any order. */
function inOrder(gtids: string | undefined): string {
  return (gtids ?? '').replace(/\s/gu, '').split(',').toSorted().join();
}

/** The last two transactions of the source without a tag, or in its own domain, as servers name them. */
async function lackingOf(process: ServiceProcess, flavour: 'mysql' | 'mariadb'): Promise<string> {
  const parts = ((await statusOf(process)).stream?.gtidSet ?? '').split(',');
  if (flavour === 'mariadb') {
    const [domain, server, last] = (parts.find((part) => part.startsWith('0-')) ?? '').split('-');
    return `${domain}-${server}-${Number(last) - 1} to ${domain}-${server}-${last}`;
  }
  const own = parts.find((part) => !part.startsWith(STRANGER)) ?? '';
  const [, uuid, last] = /^([^:]+):(?:\d+-)?(\d+)/u.exec(own) ?? [];
  return `${uuid}:${Number(last) - 1}-${last}`;
}
