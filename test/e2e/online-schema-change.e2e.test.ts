import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readEnvelopes, type EnvelopeRecord } from '../harness/records/table-records.ts';

/**
 * The statements that gh-ost and pt-online-schema-change execute, in their order. What they write beside the table never
 * gets a topic; the swap at the end is one change of the table's schema, and every row is in the topic as it is then.
 */

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

const ROWS = 40;
const COLUMNS = 'id INT NOT NULL PRIMARY KEY, v VARCHAR(20)';
const CHANGE = "ADD COLUMN state VARCHAR(9) NOT NULL DEFAULT 'new'";

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  async function started(): Promise<CapturePipeline> {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'online');
    const rows = Array.from({ length: ROWS }, (_, index) => `(${index + 1}, 'row ${index + 1}')`);
    await database.run(`CREATE TABLE orders (${COLUMNS})`, `INSERT INTO orders VALUES ${rows.join(',')}`);
    const sections = { topics: { partitions: 1 } };
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections,
    });
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders']);
    return pipeline;
  }

  test('gh-ost', async () => {
    const pipeline = await started();
    const { database } = pipeline;
    const locker = await database.connect();
    const [orders, gho, ghc, del] = ['orders', '_orders_gho', '_orders_ghc', '_orders_del'].map(
      (table) => `\`${database.name}\`.\`${table}\``,
    );
    await database.run(
      `create /* gh-ost */ table ${ghc} (id bigint unsigned auto_increment, last_update timestamp not null default current_timestamp on update current_timestamp, hint varchar(64) charset ascii not null, value varchar(4096) charset ascii not null, primary key(id), unique key hint_uidx(hint)) auto_increment=256`,
      `create /* gh-ost */ table ${gho} like ${orders}`,
      `alter /* gh-ost */ table ${gho} ${CHANGE}`,
      `insert /* gh-ost */ into ${ghc} (id, hint, value) values (NULLIF(2, 0), 'state', 'GhostTableMigrated') on duplicate key update last_update=NOW(), value=VALUES(value)`,
      `insert /* gh-ost ${orders} */ ignore into ${gho} (id, v) (select id, v from ${orders} force index (PRIMARY) where id >= 1 and id <= 25 lock in share mode)`,
      // Meanwhile the application writes, and gh-ost brings its changes over.
      `INSERT INTO ${orders} VALUES (100, 'meanwhile')`,
      `replace /* gh-ost ${orders} */ into ${gho} (id, v) values (100, 'meanwhile')`,
      `DELETE FROM ${orders} WHERE id = 7`,
      `delete /* gh-ost ${orders} */ from ${gho} where id = 7`,
      `insert /* gh-ost ${orders} */ ignore into ${gho} (id, v) (select id, v from ${orders} force index (PRIMARY) where id > 25 and id <= 40 lock in share mode)`,
      `create /* gh-ost */ table ${del} (id int auto_increment primary key) engine=InnoDB comment='ghost-cut-over-sentry'`,
    );
    await locker.query(`lock /* gh-ost */ tables ${orders} write, ${del} write`);
    const swap = database.run(`rename /* gh-ost */ table ${orders} to ${del}, ${gho} to ${orders}`);
    await eventually('the rename to wait for the lock', async () => {
      const [rows] = await locker.query('SHOW PROCESSLIST');
      return JSON.stringify(rows).includes('rename /* gh-ost */');
    });
    await locker.query(`drop /* gh-ost */ table if exists ${del}`);
    await locker.query('unlock tables');
    await swap;
    await database.run(
      `UPDATE ${orders} SET state = 'paid' WHERE id = 3`,
      `drop /* gh-ost */ table if exists ${ghc}`,
      `drop /* gh-ost */ table if exists ${del}`,
    );
    await followed(pipeline);
  });

  test('pt-online-schema-change', async () => {
    const pipeline = await started();
    const { database } = pipeline;
    const [orders, fresh, old] = ['orders', '_orders_new', '_orders_old'].map(
      (table) => `\`${database.name}\`.\`${table}\``,
    );
    const trigger = (event: string, body: string): string =>
      `CREATE TRIGGER \`${database.name}\`.\`pt_osc_${event}\` AFTER ${event} ON ${orders} FOR EACH ROW BEGIN DECLARE CONTINUE HANDLER FOR 1146 begin end; ${body}; END`;
    const copy = (from: number, to: number): string =>
      `INSERT LOW_PRIORITY IGNORE INTO ${fresh} (\`id\`, \`v\`) SELECT \`id\`, \`v\` FROM ${orders} FORCE INDEX(\`PRIMARY\`) WHERE ((\`id\` >= '${from}')) AND ((\`id\` <= '${to}')) LOCK IN SHARE MODE /*pt-online-schema-change 4711 copy nibble*/`;
    await database.run(
      `CREATE TABLE ${fresh} (${COLUMNS})`,
      `ALTER TABLE ${fresh} ${CHANGE}`,
      trigger('DELETE', `DELETE IGNORE FROM ${fresh} WHERE ${fresh}.\`id\` <=> OLD.\`id\``),
      trigger(
        'UPDATE',
        `DELETE IGNORE FROM ${fresh} WHERE !(OLD.\`id\` <=> NEW.\`id\`) AND ${fresh}.\`id\` <=> OLD.\`id\`; REPLACE INTO ${fresh} (\`id\`, \`v\`) VALUES (NEW.\`id\`, NEW.\`v\`)`,
      ),
      trigger('INSERT', `REPLACE INTO ${fresh} (\`id\`, \`v\`) VALUES (NEW.\`id\`, NEW.\`v\`)`),
      copy(1, 25),
      `INSERT INTO ${orders} VALUES (100, 'meanwhile')`,
      `UPDATE ${orders} SET v = 'other' WHERE id IN (5, 30)`,
      `DELETE FROM ${orders} WHERE id = 7`,
      copy(26, 40),
      `RENAME TABLE ${orders} TO ${old}, ${fresh} TO ${orders}`,
      `UPDATE ${orders} SET state = 'paid' WHERE id = 3`,
      `DROP TABLE IF EXISTS ${old}`,
      ...['DELETE', 'UPDATE', 'INSERT'].map(
        (event) => `DROP TRIGGER IF EXISTS \`${database.name}\`.\`pt_osc_${event}\``,
      ),
    );
    await followed(pipeline);
  });
});

/** The topic's newest record of every row is the row; one schema record says what has changed; nothing else has a topic. */
async function followed(pipeline: CapturePipeline): Promise<void> {
  const { database, reader } = pipeline;
  const source = (await database.rows('SELECT id, v, state FROM orders')).map((row) => ({ ...row }));
  const records = await eventually('the rows of the topic to be those of the table', async () => {
    const found = await readEnvelopes(reader, pipeline.topic('orders'));
    expect(newestRows(found)).toEqual(new Map(source.map((row) => [`{"id":${row['id']}}`, row])));
    return found;
  });
  // A snapshot's begin repeats what was told before.
  const changes = records
    .flatMap(({ envelope: { payload } }) =>
      'change' in payload ? [[payload.change, payload.columns.map(({ name }) => name).join()]] : [],
    )
    .filter(([, columns], index, all) => columns !== all[index - 1]?.[1]);
  expect(changes).toEqual([
    ['create', 'id,v'],
    ['additive', 'id,v,state'],
  ]);
  expect(
    (await pipeline.topicNames()).filter((name) => name.includes(`${database.name}.${database.name}.`)),
  ).toEqual([pipeline.topic('orders')]);
}

function newestRows(records: readonly EnvelopeRecord[]): Map<string, unknown> {
  const newest = new Map<string, unknown>();
  for (const { key, envelope } of records) {
    if (!('after' in envelope.payload)) continue;
    if (envelope.payload.after === null) newest.delete(key);
    else newest.set(key, envelope.payload.after);
  }
  return newest;
}
