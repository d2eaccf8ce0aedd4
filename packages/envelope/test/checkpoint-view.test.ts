import { expect, test } from 'vitest';
import { viewCheckpoint } from '../src/checkpoint-view.ts';

const view = (checkpoint: object, id: string | null = null) =>
  viewCheckpoint(Buffer.from(JSON.stringify({ checkpoint, checksum: 'x' })), id);
const bound = (checkpoint: object): string | null => view(checkpoint)?.bound ?? null;

test.each([
  [
    'the highest sequence',
    { generation: 2, file: 'binlog.000007', highest: '0020000080000000004' },
    '0020000080000000004',
  ],
  [
    'where the stream stands',
    { generation: 3, file: 'binlog.000007', highest: '0020000080000000004' },
    '0030000070000000000',
  ],
  [
    'a file without a number',
    { generation: 3, file: 'binlog', highest: '0020000080000000004' },
    '0030000000000000000',
  ],
  [
    'a generation that is none',
    { generation: 922, file: 'binlog.000007', highest: '0020000080000000004' },
    null,
  ],
  ['no sequence', { generation: 2, file: 'binlog.000007', highest: '' }, null],
])('%s', (_name, checkpoint, expected) => {
  expect(bound(checkpoint)).toBe(expected);
});

test('what is no JSON is no bound', () => {
  expect(viewCheckpoint(Buffer.from('{'), null)).toBeNull();
});

test('a generation has the identity that it was opened with', () => {
  const checkpoint = { generation: 2, file: 'binlog.000007', highest: '0020000080000000004' };
  expect(view(checkpoint)?.generation).toEqual({ number: 2, id: null });
  expect(view(checkpoint, 'one')?.generation).toEqual({ number: 2, id: 'one' });
});
