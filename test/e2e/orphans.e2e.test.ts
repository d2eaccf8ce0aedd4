import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decodeEnvelope, type RowEnvelope } from '@sluice/envelope';
import { startStack, type MysqlServer } from '@sluice/local-stack';
import { connect, type Connection } from '@sluice/mysql';
import { afterAll, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { followStatement, ReplicatedSource, type Flavour } from '../harness/histories/replica.ts';
import { sluice, type CommandEnd } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { testSize } from '../harness/test-size.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import { closingStatements, runSqlFile } from '../harness/processes/sql-file.ts';
import { auditedRoutes, binlogPaths, rowsOn } from '../harness/workloads/orphan-rows.ts';
import { countsOf, decide, outlineOf, whysOf } from '../harness/records/orphan-answers.ts';
import {
  bulkChanges,
  COMMON_CHANGES,
  CONFLICTING_CHANGES,
  makeOrphans,
  NEW_CHANGES,
  ORPHAN_TABLES,
  ORPHANED_CHANGES,
} from '../harness/workloads/orphaned-changes.ts';

/** An old master that died with transactions of its own, and the replica that took its place. */

const stack = await startStack({ servers: ['kafka'] });
afterAll(() => stack.stop());

/** The default of MySQL. */
const LOGS_WHAT_IT_REPLICATES = { mysql: [], mariadb: ['--log-slave-updates=ON'] };

/** Beside those of every kind. */
const BULK = testSize('SLUICE_ORPHANS', 16);
const CHANGES = [...ORPHANED_CHANGES, ...bulkChanges(BULK)];

type Row = Readonly<Record<string, unknown>>;

test.each(['mysql', 'mariadb'] as const)(
  '%s: what the old master kept is listed, taken back there, and put on the new one',
  async (flavour) => {
    const masters = await twoMasters(testScope(), flavour);
    const { gtids, from, run, file, servers, database, common, connectTo } = masters;

    const listed = await run('list', '--from', from);
    expect([listed.code, listed.said]).toEqual([
      0,
      expect.stringContaining(`${CHANGES.length} orphaned transactions`),
    ]);
    expect(outlineOf(listed)).toEqual(CHANGES.map(({ does }, index) => ({ gtid: gtids[index], does })));

    const files = await binlogPaths(servers);
    const fromFiles = await run('list', ...files.flatMap((path) => ['--binlog', path]));
    expect([fromFiles.said, outlineOf(fromFiles)]).toEqual([listed.said, outlineOf(listed)]);
    const first = files[0] ?? '';
    const gap = await run('list', '--binlog', first, '--binlog', first);
    expect([gap.code, gap.said]).toEqual([1, expect.stringContaining('ORPHANS_INCOMPLETE')]);

    const dumped = await run(
      'dump',
      '--from',
      from,
      '--output-file',
      file('rows.ndjson'),
      '--sql-file',
      file('rows.sql'),
    );
    expect([dumped.code, dumped.said]).toEqual([
      0,
      expect.stringContaining(`${CHANGES.length} orphaned transactions`),
    ]);
    const envelopes = (await readFile(file('rows.ndjson'), 'utf8')).trimEnd().split('\n');
    const payloads = envelopes
      .map((line) => (decodeEnvelope(Buffer.from(line)) as RowEnvelope).payload)
      .filter(({ source: { gtid } }) => gtids.indexOf(gtid ?? '') < RECORDS.length);
    expect(payloads.map(({ source: { gtid }, operation }) => `${gtid} ${operation}`)).toEqual(
      RECORDS.flatMap((operations, index) => operations.map((operation) => `${gtids[index]} ${operation}`)),
    );
    expect(payloads[0]?.after).toMatchObject({
      id: 100,
      name: "it's \\ a\r\nline\0, größe",
      price: '99.9999',
      data: '***',
    });
    // What is hidden is in the SQL, which puts rows back as they were, and in no envelope.
    const shown = payloads.flatMap(({ before, after }) => [before, after]);
    expect(shown.some((row) => row !== null && Object.hasOwn(row, 'doc'))).toBe(false);
    expect(await readFile(file('rows.sql'), 'utf8')).toContain('`doc`');

    // Taken back on the old master, and nowhere else, once.
    const back = file('back.sql');
    const kept = await rowsOn(servers, 'source', database.name);
    expect((await run('flashback', '--from', from, '--sql-file', back)).code).toBe(0);
    await expect(runSqlFile(await connectTo(servers.replica), back)).rejects.toThrow(MORE_THAN_ONE);
    await runSqlFile(await connectTo(servers.source), back);
    expect(await rowsOn(servers, 'source', database.name)).toEqual(common);
    await expect(runSqlFile(await connectTo(servers.source), back)).rejects.toThrow(MORE_THAN_ONE);
    expect(outlineOf(await run('list', '--from', from))).toEqual(outlineOf(listed));
    // Put on the new master: said only, done, and not twice.
    const before = await rowsOn(servers, 'replica', database.name);
    const counts = { applied: 12 + BULK / 4, already: 2 + (BULK * 3) / 4, conflicts: [5, 6, 200, 10] };
    const dry = await run('reapply', '--from', from);
    // Only the server knows what a unique key refuses: nothing is tried.
    expect([dry.code, countsOf(dry)]).toEqual([
      3,
      { ...counts, applied: counts.applied + 1, conflicts: [5, 6, 200] },
    ]);
    expect(dry.said).toContain('what keys and checks refuse is seen then');
    expect(await rowsOn(servers, 'replica', database.name)).toEqual(before);
    const conflicts = file('conflicts.ndjson');
    const reapplied = await run('reapply', '--from', from, '--apply', '--output-file', conflicts);
    expect([reapplied.code, countsOf(reapplied)]).toEqual([3, counts]);
    const all = counts.applied + counts.already;
    const twice = await run('reapply', '--from', from, '--apply');
    expect([twice.code, countsOf(twice)]).toEqual([3, { ...counts, applied: 0, already: all }]);
    expect(JSON.parse((await readFile(conflicts, 'utf8')).split('\n')[0] ?? '')).toMatchObject({
      key: { id: 5 },
      before: { name: 'five' },
      after: { name: 'old master' },
      present: { name: 'new master' },
      gtids: [gtids[6]],
    });
    const [, , , unique] = whysOf(reapplied);
    expect(unique).toBe('another row has a value of one of its unique keys');

    // What is in conflict is decided, as long as the row is what was listed.
    await decide(conflicts, { 5: 'theirs', 6: 'ours', 200: 'skip' });
    const decided = await run('reapply', '--from', from, '--apply', '--decide', conflicts);
    expect([decided.code, countsOf(decided)]).toEqual([
      3,
      { applied: 0, already: all, conflicts: [200, 10] },
    ]);
    await decide(conflicts, { 5: 'theirs', 6: 'ours', 200: 'theirs' });
    await servers.on('replica', "UPDATE item SET name = 'newer' WHERE id = 200");
    const late = await run('reapply', '--from', from, '--apply', '--decide', conflicts);
    expect([late.code, countsOf(late)]).toEqual([3, { applied: 0, already: all + 1, conflicts: [200, 10] }]);
    const now = await rowsOn(servers, 'replica', database.name);
    const own = [6, 7, 200, 300];
    const isOwn = ({ id }: Row): boolean => own.includes(Number(id));
    expect({ pair: now['pair'], quiet: now['quiet'] }).toEqual({
      pair: kept['pair'],
      quiet: before['quiet'],
    });
    expect(now['item']?.filter((row) => !isOwn(row))).toEqual(kept['item']?.filter((row) => !isOwn(row)));
    expect(now['item']?.filter(isOwn).map(({ name }) => name)).toEqual([
      'six',
      'seven of the new one',
      'newer',
      'new',
    ]);
    expect(await auditedRoutes(masters.pipeline)).toEqual(Array(4).fill('orphans reapply done'));

    // The old master is a replica of the new one.
    const onOld = await connectTo(servers.source);
    for (const statement of await closingStatements(back)) await onOld.query(statement);
    await onOld.query(followStatement(servers.replica));
    await onOld.query(flavour === 'mysql' ? 'START REPLICA' : 'START SLAVE');
    await servers.on('replica', 'INSERT INTO quiet VALUES (3)');
    const stopped = await eventually('the old master to follow', async () => {
      const [status] = await servers.on('source', `SHOW ${flavour === 'mysql' ? 'REPLICA' : 'SLAVE'} STATUS`);
      const error = `${status?.['Last_IO_Error']}${status?.['Last_SQL_Error']}`;
      if (error !== '') return error;
      const { quiet } = await rowsOn(servers, 'source', database.name);
      return quiet?.length === 3 ? '' : undefined;
    });
    expect(stopped).toBe('');
    expect(await rowsOn(servers, 'source', database.name)).toEqual(
      await rowsOn(servers, 'replica', database.name),
    );
    expect((await run('list', '--from', from)).said).toContain('0 orphaned transactions');

    // A server that has yet to apply what it has received is given no orphans: they may be what it waits to apply.
    const thread = flavour === 'mysql' ? 'REPLICA SQL_THREAD' : 'SLAVE SQL_THREAD';
    await onOld.query(`STOP ${thread}`);
    await servers.on('replica', 'INSERT INTO quiet VALUES (4)');
    const newer = ['--from', addressOf(servers.replica), '--to', from] as const;
    const early = await eventually('the transaction to be received', async () => {
      const end = await run('reapply', ...newer);
      return end.code === 1 ? end : undefined;
    });
    expect(early.said).toMatch(/ORPHANS_REFUSED: .* has received transactions that it has not executed: /u);
    await onOld.query(`START ${thread}`);
    await eventually('the transaction to be applied', async () => {
      const { code } = await run('reapply', ...newer);
      return code === 0 ? code : undefined;
    });

    // What is no change of a row is named, and refused.
    await onOld.query(`CREATE TABLE ${database.name}.own (id INT PRIMARY KEY DEFAULT 7)`);
    const withDdl = await run('list', '--from', from);
    expect(withDdl.said).toMatch(
      /1 statement among them cannot be taken as rows, the first at \S+:\d+: CREATE TABLE/u,
    );
    const refusedDdl = await run('flashback', '--from', from, '--sql-file', file('ddl.sql'));
    expect([refusedDdl.code, refusedDdl.said]).toEqual([
      1,
      expect.stringMatching(/ORPHANS_REFUSED: .* has a statement at \S+:\d+, .*: CREATE TABLE/u),
    ]);
    await onOld.query('FLUSH BINARY LOGS');
    const behind = await run('list', '--binlog', (await binlogPaths(servers)).at(-1) ?? '');
    expect([behind.code, behind.said]).toEqual([
      1,
      expect.stringMatching(/ORPHANS_INCOMPLETE: .* begins behind orphaned transactions/u),
    ]);
    await onOld.query(flavour === 'mysql' ? 'STOP REPLICA' : 'STOP SLAVE');
    const reset = (await closingStatements(back)).find((statement) => statement.startsWith('RESET')) ?? '';
    /** The old master has no orphan but those to come. */
    const forget = async (): Promise<void> => {
      const state = flavour === 'mysql' ? 'gtid_executed' : 'gtid_current_pos';
      const [newer] = await servers.on('replica', `SELECT @@GLOBAL.${state} AS gtids`);
      await onOld.query(reset);
      const position = flavour === 'mysql' ? 'gtid_purged' : 'gtid_slave_pos';
      await onOld.query(`SET GLOBAL ${position} = '${String(newer?.['gtids'])}'`);
    };
    await forget();
    await onOld.query("SET SESSION binlog_row_image = 'MINIMAL'");
    await onOld.query(`UPDATE ${database.name}.pair SET n = 0 WHERE a = 'x' AND b = 1`);
    const lastFile = (await binlogPaths(servers)).at(-1) ?? '';
    const minimal = await run('dump', '--binlog', lastFile, '--sql-file', file('minimal.sql'));
    expect([minimal.code, minimal.said]).toEqual([
      1,
      expect.stringMatching(/ORPHANS_REFUSED: .*binlog_row_image must be FULL/u),
    ]);

    // A key that becomes one which its collation takes for the same, and one of a row that the new master has deleted.
    await forget();
    await onOld.query("SET SESSION binlog_row_image = 'FULL'");
    await onOld.query(`UPDATE ${database.name}.folded SET k = 'ABC' WHERE k = 'abc'`);
    await onOld.query(`UPDATE ${database.name}.folded SET k = 'gone' WHERE k = 'left'`);
    await servers.on('replica', "DELETE FROM folded WHERE k = 'left'");
    const moved = (await binlogPaths(servers)).at(-1) ?? '';
    const [older] = await servers.on('source', 'SELECT @@server_id AS id');
    await run('flashback', '--binlog', moved, '--sql-file', file('moved.sql'));
    expect(await readFile(file('moved.sql'), 'utf8')).toContain(
      `@@GLOBAL.server_id = ${String(older?.['id'])},`,
    );
    const keys = file('keys.ndjson');
    const folded = await run('reapply', '--binlog', moved, '--apply', '--output-file', keys);
    const [, otherKey, half] = whysOf(folded);
    expect([folded.code, whysOf(folded).length, otherKey, half]).toEqual([
      3,
      3,
      expect.stringContaining('which the collation of the key takes for the same'),
      expect.stringContaining('one half of a change of its key is there'),
    ]);
    const listedKeys = (await readFile(keys, 'utf8')).replaceAll('"decision":null', '"decision":"theirs"');
    await writeFile(keys, listedKeys.split('\n').slice(0, 2).join('\n'));
    const theirs = await run('reapply', '--binlog', moved, '--apply', '--decide', keys);
    expect([theirs.code, whysOf(theirs).length]).toEqual([3, 3]);
    expect(await servers.on('replica', 'SELECT * FROM folded')).toEqual([{ k: 'abc', n: 1 }]);

    // An account that does not see triggers.
    await servers.on('replica', "CREATE USER writer IDENTIFIED BY 'secret'");
    await servers.on('replica', `GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO writer`);
    const password = file('writer.txt');
    await writeFile(password, 'secret');
    const asWriter = (): Promise<CommandEnd> =>
      run('reapply', '--binlog', moved, '--user', 'writer', '--password-file', password);
    const blind = await asWriter();
    expect([blind.code, blind.said]).toEqual([
      1,
      expect.stringContaining(
        `cannot be seen: GRANT TRIGGER ON \`${database.name}\`.\`folded\` TO 'writer'@'%'`,
      ),
    ]);
    await servers.on('replica', `GRANT TRIGGER ON ${database.name}.folded TO writer`);
    expect((await asWriter()).code).toBe(3);

    // What a foreign key did beside: MySQL's binlog has it, MariaDB's does not. Nobody puts it on the new master unseen.
    await forget();
    await onOld.query(`DELETE FROM ${database.name}.account WHERE id = 1`);
    const cascaded = (await binlogPaths(servers)).at(-1) ?? '';
    const refusedKey = await run('flashback', '--binlog', cascaded, '--sql-file', file('cascade.sql'));
    const login = `${database.name}.login`;
    if (flavour === 'mysql') expect([refusedKey.code, refusedKey.said]).toEqual([0, expect.anything()]);
    else expect(refusedKey.said).toContain(`has changed rows of ${login} by a foreign key`);
    const cascade = await run('reapply', '--binlog', cascaded);
    expect([cascade.code, whysOf(cascade)]).toEqual([
      3,
      [`it would change rows of ${login} by a foreign key`],
    ]);
    // `theirs` would cascade as well: only who was told of it may say so.
    await servers.on('replica', "UPDATE account SET email = 'new@example.org' WHERE id = 1");
    const told = file('told.ndjson');
    const conflict = await run('reapply', '--binlog', cascaded, '--output-file', told);
    expect(whysOf(conflict)).toEqual([
      `the row is neither what the orphans found nor what they left, and it would change rows of ${login} by a foreign key`,
    ]);
    const lines = (await readFile(told, 'utf8')).replace('"decision":null', '"decision":"theirs"');
    await writeFile(file('untold.ndjson'), lines.replace(/, and it would .* key"/u, '"'));
    const untold = await run('reapply', '--binlog', cascaded, '--apply', '--decide', file('untold.ndjson'));
    expect([untold.code, await servers.on('replica', 'SELECT id FROM account WHERE id = 1')]).toEqual([
      3,
      [{ id: 1 }],
    ]);
    await writeFile(told, lines);
    const agreed = await run('reapply', '--binlog', cascaded, '--apply', '--decide', told);
    expect([agreed.code, await servers.on('replica', 'SELECT id FROM account WHERE id = 1')]).toEqual([
      0,
      [],
    ]);
    await servers.on('replica', 'CREATE TRIGGER tells AFTER DELETE ON account FOR EACH ROW SET @gone = 1');
    const refusedTrigger = await run('reapply', '--binlog', cascaded);
    expect([refusedTrigger.code, refusedTrigger.said]).toEqual([
      1,
      expect.stringContaining(`Trigger tells of ${database.name}.account`),
    ]);
  },
  900_000,
);

/** Of the check in the file, whatever the flavour. */
const MORE_THAN_ONE = /Subquery returns more than 1 row/u;

/** The records of each orphaned transaction; a key change is two. */
const RECORDS: readonly (readonly string[])[] = [
  ['INSERT', 'INSERT'],
  ['UPDATE'],
  ['DELETE', 'DELETE'],
  ['DELETE', 'INSERT'],
  ['UPDATE', 'UPDATE', 'INSERT', 'DELETE', 'UPDATE'],
  ['INSERT', 'INSERT', 'INSERT'],
  ['UPDATE'],
  ['DELETE'],
  ['INSERT', 'UPDATE'],
  ['INSERT'],
];

function addressOf({ host, port }: MysqlServer): string {
  return `${host}:${port}`;
}

/** The old master has orphans, the new one has gone on; `source` of the configuration is the new one. */
async function twoMasters(scope: Scope, flavour: Flavour) {
  const servers = await ReplicatedSource.start(scope, flavour, LOGS_WHAT_IT_REPLICATES[flavour]);
  const { source, replica } = servers;
  const database = await SourceDatabase.create(scope, source, 'orphans');
  await database.run(...ORPHAN_TABLES, ...COMMON_CHANGES);
  await servers.caughtUp();
  const common = await rowsOn(servers, 'source', database.name);
  await servers.on('replica', flavour === 'mysql' ? 'STOP REPLICA' : 'STOP SLAVE');
  const gtids = await makeOrphans(await database.connect(), flavour, CHANGES);
  await servers.on('replica', 'SET GLOBAL read_only = OFF');
  await servers.on('replica', `USE ${database.name}`);
  for (const change of [...NEW_CHANGES, ...CONFLICTING_CHANGES]) await servers.on('replica', change);
  const pipeline = await CapturePipeline.create(scope, {
    brokers: stack.kafka.brokers,
    database,
    sections: {
      source: { host: replica.host, port: replica.port },
      tables: { '*.item': { columns: { data: { mask: '***' }, doc: { exclude: true } } } },
    },
  });
  const run = (...args: readonly string[]): Promise<CommandEnd> =>
    sluice(pipeline.configFile, 'orphans', ...args);
  const file = (name: string): string => join(dirname(pipeline.configFile), name);
  const connectTo = async (server: MysqlServer): Promise<Connection> => {
    const connection = await connect({ ...server, database: database.name, connectTimeoutMs: 10_000 });
    scope.defer(() => connection.destroy());
    return connection;
  };
  return {
    pipeline,
    servers,
    database,
    gtids,
    common,
    connectTo,
    from: addressOf(source),
    run,
    file,
  };
}
