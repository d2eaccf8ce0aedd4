import type { MysqlServer, Stack } from '@sluice/local-stack';
import { connect, type Connection } from '@sluice/mysql';
import { expect, test } from 'vitest';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import { SINK_NAMES, SINK_SERVICES, SinkPipeline } from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

const LATIN = '--character-set-server=latin1';
/** The client says utf8mb4, and the server does not listen; MySQL 8.3 has given this option up. */
const FLAGS = { mysql: [LATIN], mariadb: [LATIN, '--skip-character-set-client-handshake'] };
const ACCOUNT = 'hostile';
const PASSWORD = 'x';

/** What a server may have been set to for its own applications; every new session begins with it. */
const GLOBALS: readonly string[] = [
  'autocommit = 0',
  "completion_type = 'CHAIN'",
  "time_zone = '+05:30'",
  "sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,PIPES_AS_CONCAT'",
  'sql_select_limit = 3',
  'max_join_size = 1',
  'sql_safe_updates = 1',
  'sql_auto_is_null = 1',
  'max_sort_length = 64',
  'lock_wait_timeout = 1',
  'net_read_timeout = 1',
  'net_write_timeout = 1',
  'wait_timeout = 2',
  'group_concat_max_len = 4',
  'div_precision_increment = 0',
  "character_set_client = 'latin1'",
  "character_set_results = 'latin1'",
  "collation_connection = 'latin1_german1_ci'",
];
const OF_MYSQL: readonly string[] = [
  "transaction_isolation = 'READ-UNCOMMITTED'",
  'max_execution_time = 1',
  'range_optimizer_max_mem_size = 1000',
  'show_gipk_in_create_table_and_information_schema = 0',
  'sql_require_primary_key = 1',
  'explicit_defaults_for_timestamp = 0',
];
/** Under this one, MariaDB begins a consistent snapshot without a view. */
const OF_MARIADB: readonly string[] = [
  "tx_isolation = 'READ-COMMITTED'",
  'max_statement_time = 0.001',
  'in_predicate_conversion_threshold = 2',
  'idle_transaction_timeout = 1',
];

const ROWS = 600;
const TABLES: readonly string[] = [
  'CREATE TABLE big (id INT NOT NULL PRIMARY KEY, n INT NOT NULL, pad CHAR(100) NOT NULL)',
  `INSERT INTO big WITH RECURSIVE some (id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM some WHERE id < ${ROWS / 2 - 1})
   SELECT id + half * ${ROWS / 2}, 0, 'x' FROM some JOIN (SELECT 0 AS half UNION ALL SELECT 1) AS halves`,
  'CREATE TABLE `größe` (`schlüssel` VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, c CHAR(9), t TIMESTAMP(3) NULL, d DATE, `wert` VARCHAR(40) CHARACTER SET utf8mb4)',
  "INSERT INTO `größe` VALUES ('日本 😀', 'pad', '2026-11-21 09:05:34.123', '2026-02-31', 'it''s \"\\\\ größe'), ('é', '', NULL, '0000-00-00', '😀')",
  'CREATE TABLE unread (a VARCHAR(20) CHARACTER SET utf8mb4 NOT NULL, b DOUBLE, u TIMESTAMP NOT NULL, PRIMARY KEY (u, a))',
];

async function makeHostile(
  scope: Scope,
  server: MysqlServer,
  grants: readonly string[],
): Promise<MysqlServer> {
  const admin = await connect({ ...server, connectTimeoutMs: 10_000 });
  scope.defer(() => admin.destroy());
  await admin.query(`CREATE USER ${ACCOUNT}@'%' IDENTIFIED BY '${PASSWORD}'`);
  for (const grant of grants) await admin.query(`GRANT ${grant} TO ${ACCOUNT}@'%'`);
  const own = server.flavour === 'mysql' ? OF_MYSQL : OF_MARIADB;
  for (const setting of [...GLOBALS, ...own]) await admin.query(`SET GLOBAL ${setting}`);
  // For accounts without special rights.
  await admin.query(`SET GLOBAL init_connect = 'SET autocommit = 0, @greeted = 1'`);
  return { ...server, user: ACCOUNT, password: PASSWORD };
}

/** Each row once, from the end of the key order to its beginning, while the snapshot comes from the other side. */
async function changeAgainstSnapshot(writer: Connection): Promise<void> {
  for (let last = ROWS - 1; last > 0; last -= 50) {
    await writer.query('UPDATE big SET n = 1 WHERE id BETWEEN ? AND ?', [last - 49, last]);
  }
}

test.each(['mysql', 'mariadb'] as const)(
  'whatever a %s server and a target give new sessions, every store equals the source',
  async (flavour) => {
    const scope = testScope();
    const stack: Stack = await ownServers(scope, { [flavour]: FLAGS[flavour], 'target-mysql': FLAGS.mysql }, [
      'kafka',
      'redis',
      'elasticsearch',
    ]);
    const server = stack[flavour];
    const database = await SourceDatabase.create(scope, server, 'hostile');
    await database.run(...TABLES);
    const writer = await database.connect();
    const source = await makeHostile(scope, server, [
      'REPLICATION SLAVE, REPLICATION CLIENT ON *.*',
      `SELECT ON ${database.name}.*`,
    ]);
    const target = await makeHostile(scope, stack.targetMysql, ['ALL ON *.*']);
    const { user, password } = source;
    const pipeline = await SinkPipeline.create(scope, {
      stack,
      database,
      sections: {
        source: { user, password },
        snapshot: { chunkRows: 10, maxThreads: 1 },
      },
    });
    const [capture] = await pipeline.start('capture');
    await Promise.all(
      SINK_SERVICES.map((name) =>
        pipeline.launch(name, name === 'sink-mysql' ? { user: target.user, password } : {}),
      ),
    );
    await changeAgainstSnapshot(writer);
    await database.run(
      "UPDATE `größe` SET `wert` = 'ä\\\\' WHERE `schlüssel` = 'é'",
      "INSERT INTO unread VALUES ('ß', 0.1, '2026-11-21 09:05:34'), ('日', 1e300, '2000-01-01 00:00:00')",
    );
    const found = await pipeline.converged();
    expect(found.rows).toBe(ROWS + 4);
    expect(capture?.process.isRunning).toBe(true);
    for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toEqual([]);
  },
  180_000,
);
