import type { ErrorCode } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { olderGeneration } from '../../src/backup/older-generation.ts';

type RestoredStart = Parameters<typeof olderGeneration>[0];

const older: RestoredStart = { generation: 2, topicGeneration: 3, opensGeneration: false, refusal: null };
const refused = (code: ErrorCode): RestoredStart => ({ ...older, refusal: { code, message: 'why' } });

test('a checkpoint below the generation of the topics is not put back, unless capture opens a new one', () => {
  expect(olderGeneration(older)?.message).toContain(
    'rows of generation 3, and the checkpoint of the backup is of 2',
  );
  expect(olderGeneration({ ...older, opensGeneration: true })).toBeNull();
  expect(olderGeneration({ ...older, topicGeneration: 2 })).toBeNull();
});

test.each<ErrorCode>(['MYSQL_UNREACHABLE', 'MYSQL_AUTH_FAILED', 'SOURCE_UNUSABLE'])(
  'a source that cannot be asked (%s) does not tell that capture opens a new generation',
  (code) => {
    expect(olderGeneration(refused(code))?.message).toContain(`The source could not be asked (${code}: why)`);
  },
);

test.each<ErrorCode>(['CHECKPOINT_MISSING', 'SOURCE_DIVERGED', 'SOURCE_BINLOG_PURGED'])(
  'capture leaves %s only by a new generation, above all of them',
  (code) => {
    expect(olderGeneration(refused(code))).toBeNull();
  },
);
