import { startStack } from '@sluice/local-stack';
import { connect } from '@sluice/mysql';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { watchCommand } from '../harness/processes/watched-command.ts';
import { sluice, type CommandEnd } from '../harness/processes/sluice-command.ts';
import { readRows } from '../harness/records/table-records.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import { RefusingProxy } from '../harness/switchover/refusing-proxy.ts';
import {
  makeAccount,
  onReplicaAlone,
  switchoverStage,
  type SwitchoverStage,
} from '../harness/switchover/stage.ts';

/** A source and its replica change places while an application writes; what fails on the way is taken back. */

const stack = await startStack({ servers: ['kafka'] });
afterAll(() => stack.stop());

const FLAVOURS = ['mysql', 'mariadb'] as const;
const EVERY_STEP = process.env['SLUICE_SWITCHOVER'] === 'all';
/** Far more than a step takes, and so little that a step that cannot end is soon taken back (s). */
const [PATIENT, SHORT] = ['60', '2'];

test.each(FLAVOURS)(
  '%s: a replica takes the place of the source, with no row lost and none twice',
  async (flavour) => {
    const scope = testScope();
    const stage = await switchoverStage(scope, flavour, stack.kafka.brokers);
    const { servers, switchover, pipeline, writer, from, to } = stage;
    const stop = flavour === 'mysql' ? 'STOP REPLICA' : 'STOP SLAVE';
    const start = flavour === 'mysql' ? 'START REPLICA' : 'START SLAVE';

    await servers.on('replica', stop);
    const unfit = await switchover('--dry-run');
    expect([unfit.code, unfit.said]).toEqual([
      1,
      expect.stringContaining(`not possible: ${to}: its replication stands still`),
    ]);
    expect(await switchover()).toMatchObject({ code: 1, document: { kind: 'refused', steps: ['check'] } });
    await servers.on('replica', start);
    await servers.caughtUp();
    await servers.on('replica', "SET GLOBAL binlog_row_metadata = 'MINIMAL'");
    expect((await switchover('--dry-run')).said).toContain(
      `not possible: capture at ${to}: source variable binlog_row_metadata is MINIMAL`,
    );
    await servers.on('replica', "SET GLOBAL binlog_row_metadata = 'FULL'");
    await servers.on('source', "SELECT GET_LOCK('sluice_switchover', 0)");
    expect((await switchover()).said).toContain('another sluice source switchover is at work');
    await servers.on('source', "SELECT RELEASE_LOCK('sluice_switchover')");
    expect(await switchover('--dry-run')).toMatchObject({ code: 0, document: { from, to, problems: [] } });

    const release = await blockReplica(scope, stage);
    // What is seen before costs applications nothing.
    const behind = await switchover('--wait', SHORT);
    expect(behind).toMatchObject({ code: 1, document: { kind: 'refused', steps: ['check'] } });
    expect(behind.said).toContain(`${to} is behind`);
    await release();
    await servers.caughtUp();
    const proxy = await RefusingProxy.start(scope, pipeline.opsPort);
    proxy.refuse('/api/v1/source/switch');
    await undoneAt(stage, 'move', await switchover('--wait', SHORT, '--url', proxy.url));
    await readsNewWithoutSwitchover(stage);
    await switched(stage, await switchover('--wait', PATIENT));
    const history = await sluice(stage.pipeline.configFile, 'source history');
    expect(history.document).toMatchObject({
      server: to,
      switches: [{ generation: 1 }, {}, {}, { generation: 4, from: { address: from }, by: 'ops' }],
    });
    expect(writer.switches).toBe(1);
    await everyRowOnce(stage);
    expect(await switchover()).toMatchObject({ code: 0, document: { kind: 'done', steps: [] } });
    const back = await switchover('--take-back');
    expect([back.code, back.said]).toEqual([1, expect.stringContaining('takes writes already')]);
  },
  180_000,
);

test.runIf(EVERY_STEP).each(FLAVOURS)(
  '%s: a switchover that fails at any step is taken back, and one that was killed goes on or is taken back',
  async (flavour) => {
    const scope = testScope();
    const stage = await switchoverStage(scope, flavour, stack.kafka.brokers);
    const { servers, switchover, asUser, rights, capture, pipeline, to } = stage;
    const proxy = await RefusingProxy.start(scope, pipeline.opsPort);
    const short = ['--wait', SHORT, '--url', proxy.url] as const;

    await makeAccount(stage, 'weak', [rights.sees]);
    const weak = await switchover(...short, ...(await asUser('weak')));
    expect(weak.said).toContain('run this, the account may not: on ');
    await undoneAt(stage, 'lock', weak);
    const unheard = switchover(...short);
    await locked(stage);
    proxy.refuse('/api/v1/status');
    const undrained = await unheard;
    proxy.refuseNothing();
    await undoneAt(stage, 'drain', undrained);
    await delayReplica(stage);
    const late = switchover('--wait', '10', '--url', proxy.url);
    await locked(stage);
    const release = await blockReplica(scope, stage);
    await undoneAt(stage, 'catchUp', await late);
    await release();
    await servers.caughtUp();
    proxy.refuse('/api/v1/source/switch');
    // Nothing was moved: there is nothing to move back.
    await undoneAt(stage, 'move', await switchover('--wait', '10', '--url', proxy.url));
    proxy.refuse('/api/v1/source/heartbeat');
    await undoneAt(stage, 'verify', await switchover('--wait', '15', '--url', proxy.url));
    proxy.refuseNothing();
    await makeAccount(stage, 'switcher', [rights.sees, rights.sets]);
    await onReplicaAlone(servers, `REVOKE ${rights.sets} ON *.* FROM switcher`);
    await undoneAt(stage, 'release', await switchover('--wait', '15', ...(await asUser('switcher'))));
    await onReplicaAlone(servers, `GRANT ${rights.sets} ON *.* TO switcher`);

    // Killed while it waits for the replica: taken back by order, and the next time gone on with.
    const line = ['source', 'switchover', '--to', to, '--by', 'ops'];
    for (const isBack of [true, false]) {
      const command = watchCommand(scope, pipeline.configFile, line);
      await command.said('catchUp: ');
      await command.kill();
      if (isBack)
        expect(await switchover('--take-back')).toMatchObject({ code: 0, document: { kind: 'undone' } });
      await servers.caughtUp();
    }
    // An account that may not end it leaves a new source that works; whoever may ends it.
    const stuck = await switchover('--wait', '15', ...(await asUser('switcher')));
    expect(stuck).toMatchObject({ code: 1, document: { kind: 'stuck' } });
    expect(stuck.said).toContain('RESET');
    expect(await switchover()).toMatchObject({ code: 0, document: { kind: 'done', steps: ['forget'] } });
    expect(capture.isRunning).toBe(true);
    await everyRowOnce(stage);
  },
  600_000,
);

const DELAY_S = 3;

/** What was committed is applied that much later, so that a command has something to wait for. */
async function delayReplica({ servers, flavour }: SwitchoverStage): Promise<void> {
  const statements =
    flavour === 'mysql'
      ? ['STOP REPLICA', `CHANGE REPLICATION SOURCE TO SOURCE_DELAY = ${DELAY_S}`, 'START REPLICA']
      : ['STOP SLAVE', `CHANGE MASTER TO MASTER_DELAY = ${DELAY_S}`, 'START SLAVE'];
  for (const statement of statements) await servers.on('replica', statement);
}

/** At once: the next step of the command has only just begun. */
async function locked({ servers }: SwitchoverStage): Promise<void> {
  const isLocked = async (): Promise<boolean> => {
    const [row] = await servers.on('source', 'SELECT @@read_only AS value');
    return Number(row?.['value']) === 1;
  };
  await eventually('the old source to be locked', isLocked, { everyMs: 5 });
}

/** Nothing is applied at the replica, which goes on to receive. Resolves to what ends that. */
async function blockReplica(
  scope: Scope,
  { servers, database }: SwitchoverStage,
): Promise<() => Promise<void>> {
  const connection = await connect({ ...servers.replica, connectTimeoutMs: 10_000 });
  scope.defer(() => connection.destroy());
  await connection.query(`LOCK TABLES ${database.name}.item READ`);
  return async () => {
    await connection.query('UNLOCK TABLES');
    connection.destroy();
  };
}

/** Capture reads the replica, as after a failover of its own: nobody may take that for a switchover under way. */
async function readsNewWithoutSwitchover({
  pipeline,
  capture,
  switchover,
  servers,
  from,
  to,
}: SwitchoverStage): Promise<void> {
  await orderTo(pipeline.opsPort, to);
  await captureReads(capture, to);
  const refused = await switchover();
  expect(refused).toMatchObject({ code: 1, document: { kind: 'refused', steps: [] } });
  expect(refused.said).toContain('the old one takes writes: no switchover is under way');
  const readOnly = await servers.on('replica', 'SELECT @@read_only AS value');
  expect(JSON.stringify(readOnly)).toContain('1');
  expect(await switchover('--take-back')).toMatchObject({ code: 0, document: { kind: 'undone' } });
  await captureReads(capture, from);
}

async function orderTo(port: number, to: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/source/switch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ to, by: 'ops', reason: 'by the test' }),
  });
  expect(answer.status).toBe(202);
}

async function captureReads(capture: SwitchoverStage['capture'], address: string): Promise<void> {
  await eventually(`capture at ${address}`, async () => {
    const status = (await capture.status().catch(() => null)) as {
      readonly stream?: { readonly server: string } | null;
    } | null;
    return status?.stream?.server === address;
  });
}

/** It was taken back: the source takes writes, the application and capture go on there. */
async function undoneAt(
  { writer, capture, from }: SwitchoverStage,
  step: string,
  end: CommandEnd,
): Promise<void> {
  expect({ ...end }).toMatchObject({ code: 1, document: { kind: 'undone' } });
  expect(end.said).toMatch(new RegExp(`${step}: .*All is as it was before`, 'u'));
  const { written } = writer;
  await eventually('the application to write', () => writer.written > written + 10);
  await captureReads(capture, from);
}

async function switched({ writer, to, flavour }: SwitchoverStage, end: CommandEnd): Promise<void> {
  expect({ ...end }).toMatchObject({ code: 0, document: { kind: 'done', to } });
  const { gapMs } = end.document as { readonly gapMs: number };
  process.stderr.write(`${flavour}: no server took writes for ${gapMs} ms\n`);
  const { written } = writer;
  await eventually('the application to write', () => writer.written > written + 10);
}

/** The topic has every row that was committed, in order and once. */
async function everyRowOnce({ writer, pipeline, capture }: SwitchoverStage): Promise<void> {
  await writer.stop();
  await pipeline.arrived(capture, 'item', `{"id":${writer.written}}`);
  const rows = await readRows(pipeline.reader, pipeline.topic('item'));
  const inOrder = rows.map(({ payload }) => payload).toSorted((a, b) => (a.sequence < b.sequence ? -1 : 1));
  expect(inOrder.map(({ after }) => after?.['id'])).toEqual(
    Array.from({ length: writer.written }, (_, index) => index + 1),
  );
}
