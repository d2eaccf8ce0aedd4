import { expect, test } from 'vitest';
import { partitionLag } from '../src/group-lag.ts';

test.each([
  ['all is read', 0n, 10n, 10n, 0, 0],
  ['all but the end marker of the last transaction', 0n, 10n, 9n, 0, 0],
  ['a record and its marker are unread', 0n, 10n, 8n, 2, 0],
  ['nothing was ever read: all that is there', 4n, 10n, undefined, 6, 0],
  ['a topic without traffic that retention has emptied', 10n, 10n, 10n, 0, 0],
  ['the same, up to a marker that was not read', 10n, 10n, 9n, 0, 0],
  ['records were deleted unread', 7n, 10n, 4n, 3, 3],
])('%s', (_, start, end, offset, records, lost) => {
  expect(partitionLag(start, end, offset)).toEqual({ records, lost });
});
