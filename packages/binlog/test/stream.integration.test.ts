import { startStack, type MysqlServer, type Stack } from '@sluice/local-stack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BinlogDecoder, BinlogError } from '../src/index.ts';
import { dumpBinlog, type Dump, type DumpFrom } from './support/dump.ts';
import { Recorder } from './support/recorder.ts';
import { Session } from './support/session.ts';

function decode(server: MysqlServer, from: DumpFrom, dump: Dump): Recorder {
  const recorder = new Recorder();
  const decoder = new BinlogDecoder(recorder, { checksum: dump.checksum, flavour: server.flavour, ...from });
  for (const event of dump.events) decoder.accept(event);
  return recorder;
}

/** The calls of the groups that speak of tables beginning with `ev_`: others write to the same server. */
function ownCalls(recorder: Recorder): string[] {
  const groups: string[][] = [];
  for (const call of recorder.calls) {
    if (call.startsWith('begin')) groups.push([call]);
    else groups.at(-1)?.push(call);
  }
  return groups.filter((group) => group.some((call) => call.includes('ev_'))).flat();
}

/** Without numbers of positions and transactions, which differ from run to run. */
function shapes(calls: readonly string[]): string[] {
  return calls.map((call) =>
    call.replace(/\b[0-9a-f-]{36}(:\w+)*\b|\b\d+-\d+-\d+\b/, 'G').replace(/ \d{3,}/g, ''),
  );
}

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ servers: ['mysql', 'mariadb'] });
});
afterAll(() => stack.stop());

describe('mysql', () => {
  let session: Session;

  beforeAll(async () => {
    session = await Session.open(stack.mysql, `sluice_binlog_stream_${process.pid}`);
    await session.run(
      'CREATE TABLE ev_a (id int PRIMARY KEY, j json, inv int INVISIBLE, t text, KEY ((lower(left(t, 9)))))',
    );
  });
  afterAll(() => session.close());

  async function after(...statements: string[]): Promise<Recorder> {
    const from = await session.position();
    for (const statement of statements) await session.run(statement);
    return decode(session.server, from, await dumpBinlog(session.server, from));
  }

  test('a compressed transaction looks like any other and commits behind its event', async () => {
    const recorder = await after(
      'SET SESSION binlog_transaction_compression = ON',
      'START TRANSACTION',
      `INSERT INTO ev_a (id, t) VALUES (1, REPEAT('x', 5000)), (2, 'y')`,
      `UPDATE ev_a SET t = 'z' WHERE id = 2`,
      'COMMIT',
      'SET SESSION binlog_transaction_compression = OFF',
    );
    const calls = ownCalls(recorder);
    expect(shapes(calls)).toEqual([
      'begin G',
      `table ${session.database}.ev_a`,
      'rows ev_a INSERT 2',
      'rows ev_a UPDATE 2',
      'commit',
    ]);
    expect((await session.position()).position).toBeGreaterThanOrEqual(Number(calls.at(-1)!.split(' ')[1]));
    expect(recorder.rows.get('ev_a')!.map((row) => row.after![3]!.length)).toEqual([5002, 3, 3]);
  });

  test('tagged GTIDs', async () => {
    const calls = ownCalls(
      await after(
        `SET gtid_next = 'AUTOMATIC:sluice_test'`,
        'INSERT INTO ev_a (id) VALUES (3)',
        `SET gtid_next = 'AUTOMATIC'`,
      ),
    );
    expect(calls[0]).toMatch(/^begin [0-9a-f-]{36}:sluice_test:\d+ \d+$/);
  });

  test('savepoints, XA and statements that close their group', async () => {
    const recorder = await after(
      'START TRANSACTION',
      'INSERT INTO ev_a (id) VALUES (4)',
      'SAVEPOINT ev_s',
      'INSERT INTO ev_a (id) VALUES (5)',
      'ROLLBACK TO ev_s',
      'COMMIT',
      `XA START 'ev_x'`,
      'INSERT INTO ev_a (id) VALUES (6)',
      `XA END 'ev_x'`,
      `XA PREPARE 'ev_x'`,
      `XA COMMIT 'ev_x'`,
      'CREATE TABLE ev_copy (PRIMARY KEY (id)) AS SELECT id FROM ev_a',
      'TRUNCATE ev_copy',
    );
    expect(shapes(ownCalls(recorder)).map((call) => call.replace(/\n[\s\S]*/, ''))).toEqual([
      'begin G',
      `table ${session.database}.ev_a`,
      'rows ev_a INSERT 1',
      'query within SAVEPOINT `ev_s`',
      'commit',
      'begin G',
      `query within XA START X'65765f78',X'',1`,
      'rows ev_a INSERT 1',
      `query within XA END X'65765f78',X'',1`,
      `query closes XA PREPARE X'65765f78',X'',1`,
      'begin G',
      'query within CREATE TABLE `ev_copy` (',
      `table ${session.database}.ev_copy`,
      'rows ev_copy INSERT 5',
      'commit',
      'begin G',
      'query closes TRUNCATE ev_copy',
    ]);
  });

  test('the table map names key and invisible columns', async () => {
    const recorder = await after('INSERT INTO ev_a (id) VALUES (7)');
    const map = recorder.maps.get(`${session.database}.ev_a`)!;
    expect(map.primaryKey).toEqual([0]);
    expect(map.fullMetadata).toBe(true);
    expect(map.columns.map(({ name, visible }) => [name, visible])).toEqual([
      ['id', true],
      ['j', true],
      ['inv', false],
      ['t', true],
    ]);
  });

  test('entering in the middle of a file gives the same positions', async () => {
    const from = await session.position();
    await session.run('INSERT INTO ev_a (id) VALUES (8)');
    const middle = await session.position();
    await session.run('INSERT INTO ev_a (id) VALUES (9)');
    const whole = decode(session.server, from, await dumpBinlog(session.server, from));
    const rest = decode(session.server, middle, await dumpBinlog(session.server, middle));
    expect(ownCalls(rest).filter((call) => !call.startsWith('table'))).toEqual(ownCalls(whole).slice(-3));
  });

  test('a row image that is not FULL is refused', async () => {
    await session.run('REPLACE INTO ev_a (id) VALUES (10)');
    const from = await session.position();
    await session.run('SET SESSION binlog_row_image = MINIMAL');
    await session.run('UPDATE ev_a SET inv = 1 WHERE id = 10');
    await session.run('SET SESSION binlog_row_image = FULL');
    const dump = await dumpBinlog(session.server, from);
    const thrown = await Promise.resolve()
      .then(() => decode(session.server, from, dump))
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(BinlogError);
    expect((thrown as BinlogError).code).toBe('ROW_IMAGE_PARTIAL');
  });
});

describe('mariadb', () => {
  test('XA is announced before its rows', async () => {
    const session = await Session.open(stack.mariadb, `sluice_binlog_xa_${process.pid}`);
    try {
      await session.run('CREATE TABLE ev_a (id int PRIMARY KEY)');
      const from = await session.position();
      for (const statement of [
        `XA START 'ev_x'`,
        'INSERT INTO ev_a VALUES (1)',
        `XA END 'ev_x'`,
        `XA PREPARE 'ev_x'`,
        `XA COMMIT 'ev_x'`,
      ]) {
        await session.run(statement);
      }
      const calls = ownCalls(decode(session.server, from, await dumpBinlog(session.server, from)));
      expect(shapes(calls)).toEqual([
        'begin G',
        `query within XA START X'65765f78',X'',1`,
        `table ${session.database}.ev_a`,
        'rows ev_a INSERT 1',
        `query within XA END X'65765f78',X'',1`,
        `query closes XA PREPARE X'65765f78',X'',1`,
      ]);
    } finally {
      await session.close();
    }
  });
});

describe('mariadb 11.8 with a compressed binlog', () => {
  let own: Stack;
  let session: Session;

  beforeAll(async () => {
    const flags = { mariadb: ['--log-bin-compress=ON', '--log-bin-compress-min-len=10'] };
    own = await startStack({ servers: ['mariadb'], mariadbVersion: '11.8', flags, env: withoutAddress() });
    session = await Session.open(own.mariadb, 'sluice_binlog_stream');
  });
  afterAll(async () => {
    await session.close();
    await own.stop();
  });

  test('rows and statements are unpacked, and offsets rise although headers hold none', async () => {
    const from = await session.position();
    await session.run(
      `CREATE TABLE ev_a (id int PRIMARY KEY, t text CHARACTER SET utf8mb4 COLLATE uca1400_ai_ci)`,
    );
    await session.run('START TRANSACTION');
    await session.run(`INSERT INTO ev_a VALUES (1, REPEAT('größe', 3000)), (2, 'y')`);
    await session.run(`UPDATE ev_a SET t = REPEAT('z', 4000)`);
    await session.run('COMMIT');
    await session.run('DELETE FROM ev_a WHERE id = 2');
    const dump = await dumpBinlog(session.server, from);
    const recorder = decode(session.server, from, dump);
    expect(dump.events.map((event) => event[4])).toEqual(expect.arrayContaining([165, 166, 167]));
    expect(recorder.rows.get('ev_a')!.map((row) => [row.operation, row.after?.[1]?.length ?? 0])).toEqual([
      ['INSERT', 15_002],
      ['INSERT', 3],
      ['UPDATE', 4002],
      ['UPDATE', 4002],
      ['DELETE', 0],
    ]);
    // Headers inside these transactions hold no positions, and the server leaves ANNOTATE_ROWS events out for us: rows count
    // on within their group, from its begin to its commit.
    const places = recorder.calls
      .filter((call) => /^(begin|rows|commit)/.test(call))
      .map((call) => call.split(' '));
    const offsets = places.map(([kind, first, , , start]) =>
      Number(kind === 'rows' ? start : kind === 'commit' ? first : 0),
    );
    const rising = offsets.filter((offset) => offset > 0);
    expect(rising).toEqual(rising.toSorted((a, b) => a - b));
    expect(dump.events.some((event) => event.readUInt32LE(13) === 0 && event[4] === 166)).toBe(true);
    expect(recorder.calls.at(-1)).toBe(`commit ${(await session.position()).position}`);
  });
});

function withoutAddress(): NodeJS.ProcessEnv {
  const { SLUICE_SOURCE_MARIADB_URL: _address, ...rest } = process.env;
  return rest;
}
