import { expect, test } from 'vitest';
import { openCheckpoint, sealCheckpoint, type Checkpoint } from '../../src/state/checkpoint.ts';

const checkpoint: Checkpoint = {
  version: 1,
  pipeline: 'shop',
  flavour: 'mariadb',
  server: '12/0',
  file: 'mariadb-bin.000001',
  fileCreatedAt: 0,
  position: 4,
  floor: 0,
  highest: '0010000010000000000',
  gtidSet: '0-12-5',
  generation: 1,
  snapshot: {},
  savedAt: 1_795_252_177_720,
};

test('what was sealed opens to the same checkpoint', () => {
  expect(openCheckpoint(Buffer.from(JSON.stringify(sealCheckpoint(checkpoint))))).toEqual(checkpoint);
});

test.each([
  [
    'a changed position',
    JSON.stringify({ ...sealCheckpoint(checkpoint), checkpoint: { ...checkpoint, position: 5 } }),
  ],
  ['half a record', JSON.stringify(sealCheckpoint(checkpoint)).slice(0, 80)],
  ['another version', JSON.stringify(sealCheckpoint({ ...checkpoint, version: 2 as 1 }))],
])('%s is refused', (_what, text) => {
  expect(() => openCheckpoint(Buffer.from(text))).toThrow(
    expect.objectContaining({ code: 'CHECKPOINT_CORRUPT' }),
  );
});
