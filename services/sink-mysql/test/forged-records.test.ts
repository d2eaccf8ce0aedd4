import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decodeEnvelope, EnvelopeError, type SchemaEnvelope } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import { expect, test } from 'vitest';
import { tableDefinition } from '../src/table-definition.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** `npm run test:forged` takes a million. */
const RECORDS = Number(process.env['SLUICE_FORGED'] ?? 20_000);
const SLOWEST_MS = 1000;
/** Code, caches and schemas come with the first records; from here on what lives must not grow. */
const WARM = Math.min(RECORDS / 2, 20_000);
/** Of what lives after a collection: how much a heap takes beyond that says nothing about a leak. */
const MOST_GROWTH_BYTES = 2 ** 23;
const OWN_COLUMN = 'x BIGINT NOT NULL DEFAULT 0 INVISIBLE';
/** What a server may read as more than a type: outside of quotes nothing of it may come out. */
const ORDERS = ['--', '#', ';', '/*', '@', ' RENAME ', ' DEFAULT ', ' COMMENT ', ' AS ', '='];
const HOSTILE = [
  'int, RENAME TO `sluice`.`stolen` -- ',
  "enum('a') DEFAULT (SLEEP(9))",
  "enum('a'') COMMENT ''b')",
  "set('\\','; DROP TABLE t; -- ')",
  'int DEFAULT 1',
  'int\u0000',
  'int\n, ADD x int',
  'utf8mb4 COLLATE x',
  '`',
  "'",
  '1e999',
  '__proto__',
  '['.repeat(10_000),
];

const columns = [
  { name: 'id', type: 'int', nullable: false, charset: null },
  { name: 'state', type: "enum('new','it''s')", nullable: true, charset: 'utf8mb4' },
  { name: 'price', type: 'decimal(10,2) unsigned', nullable: true, charset: null },
];
const RECORD = {
  schema: { version: 1, type: 'schema', table: 3 },
  payload: {
    source: {
      server: 'shop',
      serverId: 1,
      database: 'shop',
      table: 'orders',
      timestamp: 1.5,
      position: { file: 'binlog.000001', offset: 4, row: 0 },
      gtid: null,
      snapshot: false,
    },
    sequence: '0010000020053760849',
    key: { $sluice: 'schema' },
    metadata: { connector: 'sluice', version: '0.1.0', transaction_id: null, event_index: 0, captured_at: 1 },
    columns,
    keyColumns: ['id'],
    change: 'create',
    ddl: 'CREATE TABLE orders (…)',
    partitions: 3,
  },
};

/** Bytes that are other ones, or a member that holds what none should. */
function forge(random: SeededRandom): Buffer {
  if (random.chance(0.5)) {
    const bytes = Buffer.from(JSON.stringify(RECORD));
    for (let count = random.integer(1, 4); count > 0; count--)
      bytes[random.below(bytes.length)] = random.below(256);
    return bytes.subarray(0, random.chance(0.1) ? random.below(bytes.length) : bytes.length);
  }
  const copy = structuredClone(RECORD) as unknown;
  let at = copy as Record<string, unknown>;
  for (;;) {
    const names = Object.keys(at);
    const name = random.pick(names);
    const inner = at[name];
    if (typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0 && random.chance(0.8)) {
      at = inner as Record<string, unknown>;
      continue;
    }
    at[name] = random.pick(HOSTILE);
    return Buffer.from(JSON.stringify(copy).replace('"1e999"', '1e999'));
  }
}

function livingBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** The statement without what stands in quotes. */
function bare(statement: string): string {
  return statement.replaceAll(/`(?:[^`]|``)*`|'(?:[^'\\]|\\[^]|'')*'/gu, 'x');
}

test('a forged record is refused, or says no more to the server than types and names', () => {
  const seed = announceSeed('forged records');
  let atWarm = 0;
  const figures = { refused: 0, defined: 0 };
  for (let number = 0; number < RECORDS; number++) {
    if (number === WARM) atWarm = livingBytes();
    const value = forge(new SeededRandom(seed + number));
    const about = `record ${number} of seed ${seed}: ${value.toString('latin1').slice(0, 2000)}`;
    const begun = performance.now();
    try {
      const envelope = decodeEnvelope(value);
      if (envelope.schema.type !== 'schema') continue;
      const { payload } = envelope as SchemaEnvelope;
      const statement = bare(tableDefinition(payload, 'mysql')).replace(OWN_COLUMN, '');
      if (ORDERS.some((order) => statement.includes(order)) || /['"\\]/u.test(statement)) expect.fail(about);
      figures.defined++;
    } catch (error) {
      if (!(error instanceof EnvelopeError || error instanceof PipelineError))
        throw new Error(about, { cause: error });
      figures.refused++;
    }
    if (performance.now() - begun > SLOWEST_MS) expect.fail(`takes long: ${about}`);
  }
  expect(figures.refused).toBeGreaterThan(RECORDS / 10);
  expect(figures.defined).toBeGreaterThan(RECORDS / 50);
  expect(livingBytes() - atWarm).toBeLessThan(MOST_GROWTH_BYTES);
}, 600_000);
