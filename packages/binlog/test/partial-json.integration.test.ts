import { startStack, type Stack } from '@sluice/local-stack';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BinlogDecoder, ByteWriter } from '../src/index.ts';
import { writeCompactJson } from '../src/values/json-compact.ts';
import { dumpBinlog, type DumpFrom } from './support/dump.ts';
import { quote, randomDocuments, randomUpdates, updateExpression } from './support/random-json-updates.ts';
import { Recorder, type RecordedRow } from './support/recorder.ts';
import { Session } from './support/session.ts';

const PARTIAL_UPDATE_ROWS = 39;
const UPDATE_ROWS = 31;
const ON = `SET SESSION binlog_row_value_options = PARTIAL_JSON`;
const OFF = `SET SESSION binlog_row_value_options = ''`;
/** Makes a document so long that the server prefers its differences. */
const PAD = `'pad', REPEAT('p', 500)`;

let stack: Stack;
let session: Session;

beforeAll(async () => {
  stack = await startStack({ servers: ['mysql'] });
  session = await Session.open(stack.mysql, `sluice_binlog_partial_${process.pid}`);
  await session.run('CREATE TABLE docs (id int PRIMARY KEY, j json, n int, k json, t text)');
});
afterAll(async () => {
  await session.close();
  await stack.stop();
});
beforeEach(async () => {
  await session.run(`${OFF}; DELETE FROM docs`);
});

interface Updates {
  readonly rows: readonly RecordedRow[];
  /** Types and lengths of the events with updates. */
  readonly events: readonly { readonly type: number; readonly length: number }[];
}

async function updatesSince(from: DumpFrom): Promise<Updates> {
  const dump = await dumpBinlog(session.server, from);
  const recorder = new Recorder(session.database);
  const decoder = new BinlogDecoder(recorder, { checksum: dump.checksum, flavour: 'mysql', ...from });
  const read = (): number => recorder.rows.get('docs')?.length ?? 0;
  // Other tests write to the same server: only events with rows of this table count.
  const events = dump.events.flatMap((event) => {
    const before = read();
    decoder.accept(event);
    return read() === before ? [] : [{ type: event[4]!, length: event.length }];
  });
  const rows = (recorder.rows.get('docs') ?? []).filter((row) => row.operation === 'UPDATE');
  return { rows, events: events.filter(({ type }) => type === PARTIAL_UPDATE_ROWS || type === UPDATE_ROWS) };
}

/** Rows as the server shows them, JSON as the decoder writes it. */
async function shown(): Promise<string[][]> {
  const rows = await session.select('SELECT id, j, n, k FROM docs ORDER BY id');
  return rows.map(([id, j, n, k]) => [String(id), compact(j!), String(n), compact(k!)]);
}

function compact(text: Buffer | null): string {
  if (text === null) return 'null';
  const out = new ByteWriter(16);
  writeCompactJson(text, out);
  return out.bytes.toString('utf8', 0, out.position);
}

function withoutText(row: readonly string[] | null): string[] {
  return row!.slice(0, 4);
}

describe('partial JSON', () => {
  test.each([
    ['JSON_SET of a member that is there', `JSON_SET(j, '$.a', 7)`],
    ['JSON_SET of a new member', `JSON_SET(j, '$.zz', JSON_ARRAY(1.5, 'x', NULL))`],
    ['JSON_SET in the depth', `JSON_SET(j, '$.list[1].b."c d"', DATE '2026-11-21')`],
    ['JSON_SET behind the end of an array', `JSON_SET(j, '$.list[9]', true)`],
    ['JSON_SET of a scalar as if it were an array', `JSON_SET(j, '$.a[1]', 2)`],
    ['JSON_SET of a scalar by its cell 0', `JSON_SET(j, '$.a[0]', 2)`],
    ['JSON_SET at last', `JSON_SET(j, '$.list[last]', 'end')`],
    ['JSON_SET before the beginning', `JSON_SET(j, '$.list[last-9]', 'first')`],
    ['JSON_SET of itself', `JSON_SET(j, '$.a', JSON_EXTRACT(j, '$.a'))`],
    ['JSON_REPLACE', `JSON_REPLACE(j, '$.list[0]', JSON_OBJECT('x', 1))`],
    ['JSON_REPLACE of what is not there', `JSON_REPLACE(j, '$.none', 1)`],
    ['JSON_REMOVE of a member', `JSON_REMOVE(j, '$.a')`],
    ['JSON_REMOVE of a cell', `JSON_REMOVE(j, '$.list[0]')`],
    ['several at once', `JSON_REMOVE(JSON_SET(j, '$.new', 1, '$.list[1].b', 2), '$.list[0]', '$.a')`],
    ['a number that grows', `JSON_SET(j, '$.a', 18446744073709551615)`],
    ['a decimal, a time, bytes', `JSON_SET(j, '$.d', 12.340, '$.t', TIME '-12:34:56', '$.x', X'00ff')`],
    [
      'strange names',
      `JSON_SET(j, '$."größe"', 1, '$."a.b"', 2, '$."q\\\\"q"', 3, '$."日本"', 4, '$.""', 5)`,
    ],
    ['JSON_ARRAY_APPEND', `JSON_ARRAY_APPEND(j, '$.list', 'more')`],
    ['JSON_MERGE_PATCH', `JSON_MERGE_PATCH(j, '{"a": null, "m": [1]}')`],
    ['NULL', `NULL`],
    ['a whole document', `'{"other": 1}'`],
  ])('%s', async (_what, expression) => {
    await session.run(
      `INSERT INTO docs VALUES (1, JSON_OBJECT('a', 1, 'list', JSON_ARRAY('x', JSON_OBJECT('b', JSON_OBJECT('c d', 1))), ${PAD}), 5, NULL, NULL)`,
    );
    const [before] = await shown();
    const from = await session.position();
    // The second column makes sure that there is an event even if the document stays as it is.
    await session.run(`${ON}; UPDATE docs SET j = ${expression}, n = 6`);
    const { rows, events } = await updatesSince(from);
    expect(events.map(({ type }) => type)).toEqual([PARTIAL_UPDATE_ROWS]);
    expect(rows).toHaveLength(1);
    expect(withoutText(rows[0]!.before)).toEqual(before);
    expect(withoutText(rows[0]!.after)).toEqual((await shown())[0]);
  });

  test('the event is as short as differences make it', async () => {
    await session.run(
      `INSERT INTO docs VALUES (1, JSON_OBJECT('a', 1, 'pad', REPEAT('p', 20000)), 5, NULL, NULL)`,
    );
    const from = await session.position();
    await session.run(`${ON}; UPDATE docs SET j = JSON_SET(j, '$.a', 2)`);
    const { rows, events } = await updatesSince(from);
    expect(events[0]!.length).toBeGreaterThan(20_000);
    expect(events[0]!.length).toBeLessThan(20_300);
    expect(withoutText(rows[0]!.after)).toEqual((await shown())[0]);
  });

  test('several JSON columns and rows, some whole, some NULL', async () => {
    await session.run(
      `INSERT INTO docs VALUES (1, JSON_OBJECT('a', 1, ${PAD}), 1, JSON_ARRAY(1, REPEAT('q', 500)), 't'),
        (2, NULL, 2, JSON_OBJECT('a', 2, ${PAD}), NULL), (3, JSON_OBJECT('a', 3, ${PAD}), 3, NULL, 'u'), (4, NULL, 4, NULL, NULL)`,
    );
    const from = await session.position();
    await session.run(
      `${ON}; UPDATE docs SET j = JSON_SET(j, '$.a', id * 10), k = JSON_REMOVE(k, '$[0]', '$.a'), n = 0`,
    );
    await session.run(`UPDATE docs SET j = JSON_SET(j, '$.b', 1), k = '[]', n = 1`);
    await session.run(`UPDATE docs SET k = JSON_SET(k, '$[0]', 1), n = 2, t = 'v'`);
    const { rows } = await updatesSince(from);
    expect(rows).toHaveLength(12);
    for (let row = 4; row < 12; row++) expect(rows[row]!.before).toEqual(rows[row - 4]!.after);
    expect(rows.slice(8).map((row) => withoutText(row.after))).toEqual(await shown());
  });

  test('switched on and off within a session, and in a compressed transaction', async () => {
    await session.run(`INSERT INTO docs VALUES (1, JSON_OBJECT('a', 1, ${PAD}), 1, NULL, NULL)`);
    const from = await session.position();
    const bump = `UPDATE docs SET j = JSON_SET(j, '$.a', JSON_EXTRACT(j, '$.a') + 1)`;
    await session.run(`${bump}; ${ON}; ${bump}; ${OFF}; ${bump}`);
    await session.run(`SET SESSION binlog_transaction_compression = ON; ${ON}; ${bump}; ${OFF}; ${bump}`);
    await session.run(`SET SESSION binlog_transaction_compression = OFF`);
    const { rows, events } = await updatesSince(from);
    expect(events.map(({ type }) => type)).toEqual([UPDATE_ROWS, PARTIAL_UPDATE_ROWS, UPDATE_ROWS]);
    expect(rows.map((row) => /"a":(\d+)/.exec(row.after![1]!)![1])).toEqual(['2', '3', '4', '5', '6']);
    expect(withoutText(rows[4]!.after)).toEqual((await shown())[0]);
  });
});

const seed = Date.now() % 2 ** 31;
test(`random documents and updates, seed ${seed}`, { timeout: 300_000 }, async () => {
  const documents = randomDocuments(seed, 60);
  const values = documents.map((document, id) => `(${id}, ${quote(document)}, 0, NULL, NULL)`);
  await session.run(`INSERT INTO docs VALUES ${values.join(',')}; ${ON}`);
  const from = await session.position();
  const expected: string[][] = [];
  for (let round = 1; round <= 8; round++) {
    const current = await shown();
    const updates = randomUpdates(seed + round, current.length);
    await session.run('START TRANSACTION');
    for (const [id, row] of current.entries()) {
      const expression = updateExpression(updates[id]!, JSON.parse(row[1]!));
      await session.run(`UPDATE docs SET j = ${expression}, n = ${round} WHERE id = ${id}`);
    }
    await session.run('COMMIT');
    expected.push(...(await shown()));
  }
  const { rows, events } = await updatesSince(from);
  expect(events.every(({ type }) => type === PARTIAL_UPDATE_ROWS)).toBe(true);
  expect(rows).toHaveLength(expected.length);
  rows.forEach((row, index) => expect(withoutText(row.after), `update ${index}`).toEqual(expected[index]));
});
