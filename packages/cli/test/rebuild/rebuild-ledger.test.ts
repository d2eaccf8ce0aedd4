import type { RebuildRecord } from '@sluice/sink-kit/rebuild';
import { expect, test } from 'vitest';
import { RebuildLedger } from '../../src/rebuild/rebuild-ledger.ts';

const RECORD: RebuildRecord = {
  version: 1,
  id: 'r1',
  phase: 'filling',
  tables: ['shop.orders'],
  jobs: [],
  startedAt: 1,
  keepMs: 1000,
  removeAfter: null,
  owner: 'somebody',
  pauses: false,
};

/** A store that keeps the record, and refuses it from whoever has not seen the newest. */
class RecordStore {
  kept: RebuildRecord | null = null;

  async load(): Promise<RebuildRecord | null> {
    return this.kept;
  }

  async save(record: RebuildRecord | null, before: RebuildRecord | null): Promise<boolean> {
    if (JSON.stringify(this.kept) !== JSON.stringify(before)) return false;
    this.kept = record;
    return true;
  }
}

test('a run takes the record over, and another that worked on it is told', async () => {
  const store = new RecordStore();
  store.kept = RECORD;
  const [one, other] = [new RebuildLedger(store, 'cache'), new RebuildLedger(store, 'cache')];
  const record = await one.takeOver();
  expect([record.owner, store.kept.owner]).toEqual([one.owner, one.owner]);
  await other.takeOver();
  await expect(one.save({ ...record, jobs: ['s1'] })).rejects.toThrow(
    'another run of this command has changed the rebuild of sink cache',
  );
  expect(store.kept).toEqual({ ...RECORD, owner: other.owner });
});

test('a record that is gone by then cannot be taken over', async () => {
  await expect(new RebuildLedger(new RecordStore(), 'cache').takeOver()).rejects.toThrow('another run');
});

test('each phase is stored before the next begins, and the last takes the record away', async () => {
  const store = new RecordStore();
  store.kept = RECORD;
  const ledger = new RebuildLedger(store, 'cache');
  const filled = await ledger.move(await ledger.takeOver(), 'equal');
  expect([filled.phase, store.kept.phase]).toEqual(['swapping', 'swapping']);
  const kept = await ledger.move(filled, 'swapped');
  expect(store.kept.phase).toBe('kept');
  await expect(ledger.move(kept, 'cancel')).rejects.toThrow(
    'the rebuild of sink cache is kept: too late for that',
  );
  await ledger.move(kept, 'removed');
  expect(store.kept).toBeNull();
});
