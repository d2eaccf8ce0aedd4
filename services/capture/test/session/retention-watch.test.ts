import { expect, test } from 'vitest';
import { refuseShorter } from '../../src/session/retention-watch.ts';

const FILES = new Map([
  ['binlog.000001', 500],
  ['binlog.000002', 4096],
]);

test('a binlog file that ends before what was read of it is another one', () => {
  expect(() => refuseShorter(FILES, { file: 'binlog.000001', position: 501 })).toThrow(
    expect.objectContaining({
      code: 'SOURCE_MOVED',
      message:
        "The source's binlog.000001 ends at 500, and it was read up to 501: another server answers, or its binlog was reset.",
    }),
  );
});

test.for([
  ['binlog.000001', 500],
  ['binlog.000002', 4095],
  ['binlog.000000', 501],
] as const)('%s read up to %i goes on: what is gone was purged', ([file, position]) => {
  expect(() => refuseShorter(FILES, { file, position })).not.toThrow();
});
