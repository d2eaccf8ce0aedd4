import { PipelineError } from '@sluice/runtime';
import { expect, test } from 'vitest';
import {
  isOverdue,
  phaseAfter,
  readRebuild,
  writeRebuild,
  type RebuildEvent,
  type RebuildPhase,
  type RebuildRecord,
} from '../src/rebuild/rebuild-record.ts';

const record: RebuildRecord = {
  version: 1,
  id: 'mij3k2',
  phase: 'filling',
  tables: ['shop.orders'],
  jobs: ['s1'],
  startedAt: 1,
  keepMs: 1000,
  removeAfter: null,
  owner: 'me',
  pauses: false,
};
const PHASES: readonly RebuildPhase[] = ['filling', 'swapping', 'kept', 'cancelling'];
const EVENTS: readonly RebuildEvent[] = ['equal', 'held-up', 'swapped', 'removed', 'cancel', 'cancelled'];

test('every phase has an answer to every event', () => {
  const moves = PHASES.flatMap((phase) =>
    EVENTS.flatMap((event) => {
      const after = phaseAfter(phase, event);
      return after === undefined ? [] : [[phase, event, after]];
    }),
  );
  expect(moves).toEqual([
    ['filling', 'equal', 'swapping'],
    ['filling', 'cancel', 'cancelling'],
    ['swapping', 'held-up', 'filling'],
    ['swapping', 'swapped', 'kept'],
    ['kept', 'removed', null],
    ['cancelling', 'cancel', 'cancelling'],
    ['cancelling', 'cancelled', null],
  ]);
});

test('what was swapped is never cancelled, and what is being swapped neither', () => {
  expect([phaseAfter('kept', 'cancel'), phaseAfter('swapping', 'cancel')]).toEqual([undefined, undefined]);
});

test('a record is read as it was written; one of a later version, or of somebody else, is refused', () => {
  expect(readRebuild(writeRebuild(record), 'it')).toEqual(record);
  expect(() => readRebuild(JSON.stringify({ ...record, version: 2 }), 'it')).toThrow(PipelineError);
  for (const text of ['', '{', 'null', '{"phase":"filling"}'])
    expect(() => readRebuild(text, 'it')).toThrow(RangeError);
});

test('what was replaced goes when its time is over, and in no other phase', () => {
  const kept: RebuildRecord = { ...record, phase: 'kept', removeAfter: 5000 };
  expect([4999, 5000].map((now) => isOverdue(kept, now))).toEqual([false, true]);
  expect(isOverdue({ ...kept, phase: 'swapping' }, 5000)).toBe(false);
});
