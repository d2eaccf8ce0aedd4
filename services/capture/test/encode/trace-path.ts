import { RowTrace } from '../../src/encode/row-trace.ts';
import type { RowGroup } from '../../src/encode/record-format.ts';
import { PUBLISH_AS_IS, type ValueImage } from '../../src/model/publication.ts';

/**
 * What a row pays for traces that nobody wants, as a line of JSON: nanoseconds of a processor of an empty loop, and of one that asks each row for its trace and looks at
 * the answer, as the writer of rows does. The medians of eleven rounds. `npm run bench:traces` runs it.
 */
const ROWS = 20_000_000;
const ROUNDS = 11;
const GROUP = {
  encoder: { table: { publication: PUBLISH_AS_IS } },
  operation: 'INSERT',
  traceparent: null,
} as unknown as RowGroup;
const IMAGE: ValueImage = { isNull: () => false, write: () => undefined };

function empty(rows: number): number {
  let found = 0;
  for (let row = 0; row < rows; row++) if (row < 0) found++;
  return found;
}

function asked(rows: number): number {
  const trace = new RowTrace();
  trace.beginGroup(GROUP);
  let found = 0;
  for (let row = 0; row < rows; row++) if (trace.of(IMAGE) !== null) found++;
  return found;
}

function nanoseconds(loop: (rows: number) => number): number {
  const before = process.cpuUsage();
  if (loop(ROWS) !== 0) throw new Error('a row without a trace has one');
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / ROWS;
}

const times = { empty: [] as number[], asked: [] as number[] };
for (let round = 0; round < ROUNDS; round++) {
  times.empty.push(nanoseconds(empty));
  times.asked.push(nanoseconds(asked));
}
const middle = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[(ROUNDS - 1) / 2] ?? Number.NaN;
process.stdout.write(`${JSON.stringify({ empty: middle(times.empty), asked: middle(times.asked) })}\n`);
