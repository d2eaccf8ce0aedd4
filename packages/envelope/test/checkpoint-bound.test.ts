import { expect, test } from 'vitest';
import { checkpointBound } from '../src/checkpoint-bound.ts';

const bound = (checkpoint: object): string | null =>
  checkpointBound(Buffer.from(JSON.stringify({ checkpoint, checksum: 'x' })));

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
  expect(checkpointBound(Buffer.from('{'))).toBeNull();
});
