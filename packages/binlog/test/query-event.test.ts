import { expect, test } from 'vitest';
import { EventCursor } from '../src/event-cursor.ts';
import { isBegin, readQuery } from '../src/query-event.ts';
import { eventBytes, uint } from './support/event-bytes.ts';

function queryEvent(sql: string, database: string, variables: Buffer): Buffer {
  const name = Buffer.from(`${database}\0`);
  const lengths = [Buffer.alloc(8), uint(name.length - 1, 1), uint(0, 2), uint(variables.length, 2)];
  return eventBytes({ type: 2 }, Buffer.concat([...lengths, variables, name, Buffer.from(sql)]));
}

const sqlMode = Buffer.from([1, ...Buffer.alloc(8)]);

test.each([
  ['BEGIN', true],
  ['begin', false],
  ['COMMIT', false],
  ['DROP TABLE BEGIN', false],
  ['XBEGIN', false],
  ['', false],
])('%j is told as a reading of the whole event tells it', (sql, begins) => {
  for (const database of ['', 'shop', 'BEGIN']) {
    for (const variables of [Buffer.alloc(0), sqlMode, Buffer.from('BEGIN')]) {
      const event = queryEvent(sql, database, variables);
      expect(isBegin(event, event.length)).toBe(begins);
      const { bytes } = readQuery(new EventCursor(event, 19, event.length), false, false);
      expect(bytes.toString() === 'BEGIN').toBe(begins);
    }
  }
});

test('an event that is cut short does not begin anything', () => {
  const event = queryEvent('BEGIN', 'shop', sqlMode);
  for (let end = 19; end < event.length; end++) expect(isBegin(event, end)).toBe(false);
});
