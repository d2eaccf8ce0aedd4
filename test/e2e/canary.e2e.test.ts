import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CANARY_TEXT, canariesOf, formsOf, type Canary } from '../harness/canary/canaries.ts';
import {
  changesOf,
  insertInto,
  insertsOf,
  settingsFor,
  statementsOf,
  tablesWith,
} from '../harness/canary/canary-statements.ts';
import { commandPlaces } from '../harness/canary/command-places.ts';
import { shownPlaces, singing, storePlaces, topicPlaces, type Place } from '../harness/canary/search.ts';
import { eventually } from '../harness/eventually.ts';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { fileScope, testScope } from '../harness/scope.ts';
import {
  SINK_SERVICES,
  SinkPipeline,
  type PipelineProcess,
  type ServiceName,
} from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

/**
 * Values that occur nowhere else are put into all that settings hide: columns of every type by every publication, rows, a table. Then
 * statements of every class, snapshots, dead letters, failures and restarts run over them, and everything that the pipeline writes or
 * shows is searched. `npm run test:canary` does it on both servers.
 */

const ALL = process.env['SLUICE_CANARY'] === 'all';
// It logs changes as statements, which makes every capture of the server read tables again: those of other tests too.
const stack = await ownServers(fileScope(), ALL ? { mysql: [], mariadb: [] } : { mysql: [] }, [
  'kafka',
  'redis',
  'elasticsearch',
  'target-mysql',
]);

const SERVERS = ALL ? [stack.mysql, stack.mariadb] : [stack.mysql];
const MOST_BYTES = 100_000;
const REDIS_LETTER = 77;
/** Of the statements: the servers quote a value when they refuse it. */
const REFUSED = [
  'ALTER TABLE by_exclude ADD UNIQUE KEY twice (c_varchar, c_int)',
  'ALTER TABLE by_mask MODIFY c_varchar INT',
  'ALTER TABLE by_mask ADD UNIQUE KEY same (c_varchar)',
];

/** What commands write of rows that are other in a store: by the name of the place, something that is in it. */
const WRITTEN_BY_COMMANDS = [
  ['file report', 'other'],
  ['file undo', 'other'],
  ['file mysql.txt', 'row-1'],
  ['file redis.txt', 'row-1'],
  ['file elasticsearch.txt', 'row-1'],
  ['file offline.sql', 'row-1'],
  ['backup schema-history', 'c_varchar'],
  ['backup checkpoints', 'server'],
] as const;

/** A pipeline in which all is hidden, and what was seen of it so far. */
class Cage {
  readonly pipeline: SinkPipeline;
  readonly canaries: readonly Canary[];
  /** Processes of before, and commands. */
  readonly places: Place[] = [];
  running: PipelineProcess[] = [];
  #marks = 0;

  constructor(pipeline: SinkPipeline, canaries: readonly Canary[]) {
    this.pipeline = pipeline;
    this.canaries = canaries;
  }

  async start(...names: readonly ServiceName[]): Promise<void> {
    this.running.push(...(await this.pipeline.start(...names)));
  }

  capture(): PipelineProcess {
    const found = this.running.findLast(({ name }) => name === 'capture');
    if (found === undefined) throw new Error('capture does not run');
    return found;
  }

  /** Runs what the server takes of it; answers what it refuses. */
  async run(statements: readonly string[]): Promise<readonly string[]> {
    const refused: string[] = [];
    for (const statement of statements)
      await this.pipeline.database.run(statement).catch(() => refused.push(statement));
    return refused;
  }

  /** Waits until capture and all sinks have passed what was written before. */
  async passed(): Promise<void> {
    const { database, stores, name } = this.pipeline;
    const id = ++this.#marks;
    await database.run(`INSERT INTO mark VALUES (${id})`);
    await eventually(
      `mark ${id} in the stores`,
      async () => {
        const [rows] = await stores.target
          .query(`SELECT 1 FROM \`${stores.targetDatabase}\`.mark WHERE id = ${id}`)
          .catch(() => [[]]);
        const found = await stores.elasticsearch
          .exists({ index: stores.index('mark'), id: `{"id":${id}}` })
          .catch(() => false);
        return (
          (rows as unknown[]).length === 1 && (await stores.redis.exists(`${name}.mark:${id}`)) === 1 && found
        );
      },
      { timeoutMs: 120_000 },
    ).catch((error: unknown) => {
      throw new Error(this.running.map(({ process }) => process.lastLines()).join('\n'), { cause: error });
    });
  }

  /** What the services that run show, before they end or go on. */
  async look(): Promise<void> {
    for (const each of this.running)
      if (each.process.isRunning) this.places.push(...(await shownPlaces(each)));
  }

  async command(line: string, ...more: string[]): Promise<void> {
    const { configFile } = this.capture();
    const { document, said } = await sluice(configFile, line, ...more);
    this.places.push({ name: `sluice ${line}`, text: `${JSON.stringify(document)}\n${said}` });
  }

  /** An order, and the answer to it, which its own words may not be counted for. */
  async order(path: string, body: object): Promise<void> {
    const answer = await this.capture().process.order(path, { by: 'ann', ...body });
    this.places.push({ name: `answer to ${JSON.stringify(body)}`, text: JSON.stringify(answer.body) });
  }

  async search(): Promise<string[]> {
    const logs = this.running.map(({ name, process }) => ({ name: `log of ${name}`, text: process.output }));
    const places = [
      ...this.places,
      ...logs,
      ...(await topicPlaces(this.pipeline)),
      ...(await storePlaces(this.pipeline)),
    ];
    for (const [of, needed] of [
      ['topic', 'row-1'],
      ['redis', 'row-1'],
      ['elasticsearch documents', 'row-1'],
      ['target', 'row-1'],
      ...(ALL ? WRITTEN_BY_COMMANDS : []),
    ])
      expect([
        of,
        places.some(({ name, text }) => name.startsWith(of ?? '') && text.includes(needed ?? '')),
      ]).toEqual([of, true]);
    return singing(places.map(withoutTypes), formsOf(this.canaries));
  }
}

/**
 * The types of columns are kept with the shape of their table, and shown to who plans with an account on the source. There stand the
 * members of an ENUM or SET, also of a hidden column.
 */
function withoutTypes({ name, text }: Place): Place {
  const shown =
    name.endsWith('schema-history') || name.startsWith('sluice plan')
      ? text.replaceAll(new RegExp(`${CANARY_TEXT}-(?:enum|set)`, 'gu'), '')
      : text;
  return { name, text: shown };
}

describe.each(SERVERS)('$flavour', (server) => {
  test('what is hidden is found nowhere', async () => {
    const scope = testScope();
    const canaries = canariesOf(server.flavour);
    const database = await SourceDatabase.create(scope, server, 'canary');
    await database.run(...tablesWith(canaries));
    const pipeline = await SinkPipeline.create(scope, { stack, database });
    const { name } = database;
    const { configFile: anyFile } = await pipeline.writeConfig('keys');
    const hashKeyFile = `${anyFile}.keys`;
    expect(await sluice(anyFile, 'hash-key new', '--file', hashKeyFile)).toMatchObject({ code: 0 });
    pipeline.configure({
      source: { tables: [`${name}.*`], excludeTables: [`${name}.by_name`], newTables: 'refuse' },
      capture: { hashKeyFile },
      topics: { oversize: 'dead-letter', maxMessageBytes: MOST_BYTES },
      snapshot: { allowSql: true, statementSeconds: 20 },
      tables: settingsFor(name, canaries),
    });
    const cage = new Cage(pipeline, canaries);
    // A row that Redis refuses, and one that Kafka does.
    await pipeline.stores.redis.lpush(`${name}.by_mask:${REDIS_LETTER}`, 'not ours');
    await cage.start('capture', ...SINK_SERVICES);
    await cage.passed();
    if (ALL) cage.places.push(...(await commandPlaces(pipeline, cage.capture().configFile)));
    const big = `'${randomBytes(3 * MOST_BYTES).toString('base64')}'`;
    await cage.run([
      ...insertsOf(2, canaries),
      insertInto('by_mask', REDIS_LETTER, canaries),
      insertInto('by_exclude', 78, canaries, { big }),
    ]);
    expect(await cage.run(changesOf(2))).toEqual([]);
    await cage.passed();
    await eventually('the dead letter', async () => (await pipeline.deadLetters('redis')).length > 0);

    await cage.order('/api/v1/snapshots', { tables: [`${name}.by_*`], condition: 'id < 50' });
    await cage.order('/api/v1/snapshots', { tables: [`${name}.by_mask`], condition: "c_varchar > 'a'" });
    for (const sql of [
      "id = 1 AND GTID_SUBSET(c_varchar, '')",
      'id = 1 AND EXTRACTVALUE(1, CONCAT(0x7e, c_varchar))',
      'id = 1 AND UUID_TO_BIN(c_varchar) IS NULL',
      'id = 1 AND CAST(c_varchar AS DATE) > 0 AND JSON_EXTRACT(c_varchar, c_text) IS NULL',
    ])
      await cage.order('/api/v1/snapshots/sql', { tables: [`${name}.by_mask`], sql });
    await cage.look();
    await Promise.all(cage.running.map(({ process }) => process.kill()));
    await cage.start('capture', ...SINK_SERVICES);
    await cage.run(insertsOf(3, canaries));
    await cage.passed();

    expect(await cage.run(statementsOf(name))).toEqual(REFUSED);
    await cage.run(insertsOf(4, canaries));
    await cage.run([insertInto('by_hash', 901, canaries, { name: 'shown_hash' })]);
    await cage.passed();
    for (const line of [
      'status',
      'plan',
      'ddl alerts',
      'ddl history',
      'snapshot list',
      'dlq list --sink redis',
      'dlq list --sink capture',
    ])
      await cage.command(line);
    await cage.command('plan', '--table', `${name}.*`);
    await cage.look();
    expect(await cage.capture().process.stop()).toMatchObject({ code: 0 });
    await cage.start('capture');
    await cage.run([
      insertInto('by_mask', 5, canaries),
      insertInto('by_hash', 905, canaries, { name: 'shown_hash' }),
    ]);
    await cage.passed();
    await cage.look();
    // Offline nobody knows which names tables had, and somebody has renamed the copy.
    const { target, targetDatabase: copies } = pipeline.stores;
    await target.query(`RENAME TABLE ${copies}.by_hash TO ${copies}.shown_hash`);
    await cage.command('compare --offline');
    // A hidden column gets a name that nothing hides: capture stops rather than publish it.
    await cage.run([
      'ALTER TABLE by_truncate CHANGE c_text renamed TEXT',
      `INSERT INTO by_truncate (id, renamed) VALUES (6, '${CANARY_TEXT}')`,
    ]);
    expect(await cage.capture().process.ended).toMatchObject({ code: 70 });
    expect(await cage.search()).toEqual([]);
  });
});
