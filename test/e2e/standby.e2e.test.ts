import { startStack, type MysqlServer } from '@sluice/local-stack';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import { afterAll, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { expectExactlyOnce } from '../harness/workloads/ledger-history.ts';
import { LEDGER_TABLES, LedgerWorkload } from '../harness/workloads/ledger-workload.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readSettledRows } from '../harness/records/table-records.ts';
import { testSize } from '../harness/test-size.ts';

const stack = await startStack({ servers: ['kafka', 'mysql'] });
afterAll(() => stack.stop());

const TAKEOVER_MS = 2000;
/** What the takeover itself may take: a check, a fence, a start. Where many tests share the processors each takes seconds; alone: `npm run test:standby`. */
const START_MS = testSize('SLUICE_STANDBY_START_MS', 15_000);
const HANDOVER_MS = testSize('SLUICE_HANDOVER_MS', 10_000);
const TRANSACTIONS_PER_SECOND = 500;

interface Captures {
  readonly instance: string;
  readonly leader: { readonly instance: string } | null;
  readonly standbys: readonly { readonly instance: string; readonly state: string }[];
}
interface Status {
  readonly state: string;
  readonly behindSeconds: number | null;
  readonly captures: Captures;
}

/** One process of several. */
interface Member {
  readonly side: CapturePipeline;
  process: ServiceProcess;
}

test('one of three captures streams: killed, stopped and woken, told to hand over, and each change comes once', async () => {
  const random = new SeededRandom(announceSeed('standby'));
  const scope = testScope();
  const { members, database } = await threeCaptures(scope, stack.mysql);
  const [first, ...others] = members as [Member, Member, Member];
  const [pipeline] = members.map(({ side }) => side) as [CapturePipeline];
  await first.process.ready();
  await pipeline.snapshotDone(first.process, ['ledger', 'marker', 'end_mark']);
  for (const member of others) {
    member.process = member.side.launch();
    await expectState(member, 'standby');
    expect(await member.process.isReady()).toBe(true);
  }
  const workload = await LedgerWorkload.start(database, random, {
    writers: 4,
    rows: 1,
    rowsPerSecond: TRANSACTIONS_PER_SECOND,
  });

  // Killed: exactly one of the two standbys goes on.
  await first.process.kill();
  const killedAt = Date.now();
  const second = await leaderAmong(others);
  const third = others.find((member) => member !== second) as Member;
  const after = await firstChangeAfter(pipeline, killedAt);
  expect(after).toBeLessThanOrEqual(TAKEOVER_MS + START_MS);
  await expectState(third, 'standby');
  expect(takeovers(others)).toBe(1);

  // Stopped by SIGSTOP, and woken when another leads: it publishes nothing more, and stands by.
  second.process.pause();
  await expectState(third, 'streaming');
  second.process.resume();
  await expectState(second, 'standby');
  await eventually('the leader to know of it', async () => {
    return (await statusOf(third)).captures.standbys.length === 1;
  });

  // A handover, ordered at the standby.
  const { instance } = (await statusOf(second)).captures;
  const orderedAt = Date.now();
  const { configFile } = second.side;
  const done = await sluice(configFile, 'capture handover --to', instance);
  expect(done).toMatchObject({ code: 0, document: { leader: { instance } } });
  await eventually('the command to show both', async () => {
    const { leader, standbys } = (await sluice(configFile, 'capture leader')).document as Captures;
    return leader?.instance === instance && standbys.map(({ state }) => state).join(' ') === 'standby';
  });
  await expectState(second, 'streaming');
  await expectState(third, 'standby');
  // Whichever is asked tells of both; the JSON has what the lines are made of.
  const { document, code } = await sluice(third.side.configFile, 'status');
  expect({ document, code }).toMatchObject({
    code: 0,
    document: {
      services: [{ status: { captures: { leader: { instance }, standbys: [{ state: 'standby' }] } } }],
    },
  });

  const totals = await workload.finish();
  await database.run('INSERT INTO end_mark VALUES (1)');
  await pipeline.arrived(second.process, 'end_mark', '{"id":1}');
  expect(await second.process.stop()).toMatchObject({ code: 0 });
  await expectState(third, 'streaming');
  expect(await third.process.stop()).toMatchObject({ code: 0 });
  await expectExactlyOnce(pipeline, totals);
  const wait = Math.round(await longestWait(pipeline, orderedAt));
  process.stderr.write(
    `killed: ${after} ms to the first change; handed over: read ${wait} ms after its commit at most\n`,
  );
  expect(wait).toBeLessThanOrEqual(HANDOVER_MS);
}, 120_000);

/** Three configurations of one pipeline, each with ports of its own; the first one runs. */
async function threeCaptures(
  scope: Scope,
  server: MysqlServer,
): Promise<{ readonly members: readonly Member[]; readonly database: SourceDatabase }> {
  const database = await SourceDatabase.create(scope, server, 'standby');
  await database.run(...LEDGER_TABLES);
  const capture = { standby: { takeoverMs: TAKEOVER_MS } };
  const options = { database, brokers: stack.kafka.brokers, sections: { capture } };
  const sides = [];
  for (let side = 0; side < 3; side++) sides.push(await CapturePipeline.create(scope, options));
  const members = sides.map((side) => ({ side }) as Member);
  const [first] = members as [Member];
  first.process = first.side.launch();
  return { members, database };
}

async function statusOf({ process }: Pick<Member, 'process'>): Promise<Status> {
  return (await process.status()) as Status;
}

async function expectState(member: Member, state: string): Promise<void> {
  await eventually(`${state} of process ${member.process.pid}`, async () => {
    if (!member.process.isRunning) throw new Error(`it has ended:\n${member.process.lastLines()}`);
    return (await statusOf(member).catch(() => null))?.state === state;
  });
}

async function leaderAmong(members: readonly Member[]): Promise<Member> {
  return eventually('a standby to take over', async () => {
    for (const member of members) if ((await statusOf(member)).state === 'streaming') return member;
    return false;
  });
}

/** How often these processes have begun to lead. */
function takeovers(members: readonly Member[]): number {
  const counts = members.map(
    ({ process }) => process.log.filter(({ event }) => event === 'capture.leads').length,
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Milliseconds from that moment to the first change that was read after it. */
async function firstChangeAfter(pipeline: CapturePipeline, sinceMs: number): Promise<number> {
  return eventually('a change', async () => {
    const times = await capturedAt(pipeline);
    const first = times.find((time) => time > sinceMs);
    return first === undefined ? false : first - sinceMs;
  });
}

/** The longest that a change committed since then waited to be read, in milliseconds: gaps between changes would have the writers' own pauses in them. */
async function longestWait(pipeline: CapturePipeline, sinceMs: number): Promise<number> {
  const rows = await readSettledRows(pipeline.reader, pipeline.topic('ledger'));
  const since = rows.filter(({ payload }) => payload.source.timestamp >= sinceMs);
  expect(since.length).toBeGreaterThan(0);
  return Math.max(...since.map(({ payload }) => payload.metadata.captured_at - payload.source.timestamp));
}

/** When each row was read, sorted. */
async function capturedAt(pipeline: CapturePipeline): Promise<readonly number[]> {
  const rows = await readSettledRows(pipeline.reader, pipeline.topic('ledger'));
  return rows.map(({ payload }) => payload.metadata.captured_at).sort((a, b) => a - b);
}
