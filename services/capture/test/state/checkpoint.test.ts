import { expect, test } from 'vitest';
import { openCheckpoint, sealCheckpoint, snapshotsOf, type Checkpoint } from '../../src/state/checkpoint.ts';
import { NO_SNAPSHOTS } from '../../src/state/kept-snapshots.ts';

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
  snapshots: NO_SNAPSHOTS,
  savedAt: 1_795_252_177_720,
};

test('what was sealed opens to the same checkpoint', () => {
  expect(openCheckpoint(Buffer.from(JSON.stringify(sealCheckpoint(checkpoint))))).toEqual(checkpoint);
});

test('a checkpoint whose members come in another order opens too', () => {
  const { version, ...rest } = checkpoint;
  const value = Buffer.from(JSON.stringify(sealCheckpoint({ ...rest, version })));
  expect(openCheckpoint(value)).toEqual(checkpoint);
});

test('a checkpoint of before there were jobs opens, and its finished tables stay finished', () => {
  const { snapshots: _none, savedAt, ...rest } = checkpoint;
  const progress = { lastKey: null, order: '', rows: 4, reconcile: false };
  const snapshot = {
    'shop.a': { state: 'done', ...progress },
    'shop.b': { state: 'running', ...progress },
  } as const;
  const opened = openCheckpoint(Buffer.from(JSON.stringify(sealCheckpoint({ ...rest, snapshot, savedAt }))));
  expect(snapshotsOf(opened)).toEqual({ ...NO_SNAPSHOTS, whole: ['shop.a'] });
});

test.each([
  [
    'a changed position',
    JSON.stringify({ ...sealCheckpoint(checkpoint), checkpoint: { ...checkpoint, position: 5 } }),
  ],
  ['half a record', JSON.stringify(sealCheckpoint(checkpoint)).slice(0, 80)],
])('%s is refused', (_what, text) => {
  expect(() => openCheckpoint(Buffer.from(text))).toThrow(
    expect.objectContaining({ code: 'CHECKPOINT_CORRUPT' }),
  );
});
