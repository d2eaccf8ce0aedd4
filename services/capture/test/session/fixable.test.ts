import { expect, test } from 'vitest';
import { canBeFixedOutside } from '../../src/session/fixable.ts';

test.each([
  // The check before the fence would meet it again.
  ['SOURCE_DIVERGED', 'checking', true],
  ['PREFLIGHT_FAILED', 'starting', true],
  // A password or a right comes back without a restart.
  ['MYSQL_AUTH_FAILED', 'streaming', true],
  ['KAFKA_NOT_AUTHORIZED', 'fencing', true],
  // A look would fence the capture that an operator has started with --accept, or the one that has taken over.
  ['SOURCE_BINLOG_PURGED', 'restoring', false],
  ['CHECKPOINT_MISSING', 'restoring', false],
  ['BINLOG_UNREADABLE', 'streaming', false],
  ['KAFKA_FENCED', 'streaming', false],
  ['KAFKA_FENCED', 'failed', false],
] as const)('%s while capture is %s: it looks by itself %s', (code, state, looks) => {
  expect(canBeFixedOutside(code, state)).toBe(looks);
});
