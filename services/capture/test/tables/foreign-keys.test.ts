import { createLogger } from '@sluice/runtime';
import { expect, test } from 'vitest';
import type { CaptureSettings } from '../../src/settings/capture-settings.ts';
import { ForeignKeys } from '../../src/tables/foreign-keys.ts';
import type { Cascades } from '../../src/preflight/binlog-gaps.ts';
import type { CascadingKey } from '../../src/catalog/cascading-keys.ts';
import { NO_SNAPSHOTS } from '../../src/state/kept-snapshots.ts';
import { SnapshotJobStore } from '../../src/state/snapshot-job-store.ts';
import { createTableFilter } from '../../src/model/table-filter.ts';
import { rowsEvent } from '../support/rows-events.ts';
import { ORDERS, registryOf, streamOf } from '../support/streams.ts';

const named = (table: string): CascadingKey['child'] => ({ database: 'shop', table });
const key = (child: string, parent: string): CascadingKey => ({
  child: named(child),
  columns: ['p'],
  parent: named(parent),
  referenced: ['id'],
  onDelete: 'CASCADE',
  onUpdate: null,
});
const found = (keys: readonly CascadingKey[], more: Partial<Cascades> = {}): Cascades => ({
  areLogged: false,
  keys,
  unseen: [],
  ...more,
});

interface Setup {
  readonly keys: ForeignKeys;
  readonly jobStore: SnapshotJobStore;
  /** Tables that are to be read, since the last time. */
  owed(): readonly string[];
}

/** `lines` and `notes` have topics, and their first snapshots are done; so has `refused`, which is left alone. */
function setupOf(
  foreignKeys: 'tell' | 'follow' = 'follow',
  followed?: Readonly<Record<string, string>>,
): Setup {
  const whole = ['shop.lines', 'shop.notes', 'shop.refused'];
  const jobStore = new SnapshotJobStore({ ...NO_SNAPSHOTS, whole, ...(followed ? { followed } : {}) });
  const registry = registryOf('lines', 'notes', 'refused');
  const { stream, journal, ddl } = streamOf({ registry });
  const keys = new ForeignKeys({
    settings: {
      config: { snapshot: { mode: 'initial' }, source: { foreignKeys } },
      filter: createTableFilter(['shop.*'], []),
    } as unknown as CaptureSettings,
    flavour: 'mysql',
    registry,
    jobStore,
    journal,
    ddl,
    announcement: stream.announcement,
    isRefused: (id) => id === 'shop.refused',
    log: createLogger('test', { level: 'silent' }),
  });
  const owed = (): readonly string[] => {
    const jobs = jobStore.jobs.filter(({ state }) => state === 'pending');
    for (const { id } of jobs) jobStore.move(id, 'cancel', 1);
    return jobs.map(({ table }) => table).sort();
  };
  return { keys, jobStore, owed };
}

test('a table is read once for each change of what cascades to it, also for one that is gone', () => {
  const { keys, jobStore, owed } = setupOf();
  const both = [
    key('lines', 'orders'),
    key('notes', 'orders'),
    key('refused', 'orders'),
    key('met', 'orders'),
  ];
  keys.follow(found(both));
  expect(owed()).toEqual(['lines', 'notes']);
  keys.follow(found(both.toReversed()));
  expect(owed()).toEqual([]);
  keys.follow(found([...both, key('orders', 'customers')]));
  expect(owed()).toEqual(['lines', 'notes']);
  keys.follow(found([key('lines', 'orders'), key('orders', 'customers')]));
  expect(owed()).toEqual(['notes']);
  const again = setupOf('follow', jobStore.followed ?? {});
  again.keys.follow(found([key('lines', 'orders'), key('orders', 'customers')]));
  expect(again.owed()).toEqual([]);
});

test('what a parent loses makes its children be read, from the end of the transaction on', () => {
  const { keys, owed } = setupOf();
  keys.follow(found([key('lines', 'orders')]));
  owed();
  const row = ORDERS.columns.map(() => '1');
  keys.marks.note(rowsEvent({ table: ORDERS, operation: 'DELETE', start: 4, rows: [row] }));
  expect(owed()).toEqual([]);
  keys.marks.close();
  expect(owed()).toEqual(['lines']);
});

test('nothing is read where it is only told, and the checkpoint forgets what was followed', () => {
  const { keys, jobStore, owed } = setupOf('tell', { 'shop.lines': 'x' });
  const cascades = found([key('lines', 'orders'), key('notes', 'orders')]);
  keys.follow(cascades);
  expect(owed()).toEqual([]);
  expect(jobStore.followed).toBeNull();
  expect(keys.unfollowed(cascades)).toEqual(['shop.lines', 'shop.notes']);
});

test('a server that logs what its keys do is believed until rows come that others wrote', () => {
  const { keys, owed } = setupOf();
  const cascades = found([key('lines', 'orders')], { areLogged: true, unseen: ['shop.lines'] });
  keys.follow(cascades);
  expect([owed(), keys.unfollowed(cascades)]).toEqual([[], []]);
  const row = ORDERS.columns.map(() => '1');
  keys.marks.note(rowsEvent({ table: ORDERS, operation: 'INSERT', start: 4, rows: [row], flags: 0x11 }));
  expect(keys.unfollowed(cascades)).toEqual([]);
  keys.marks.note(rowsEvent({ table: ORDERS, operation: 'INSERT', start: 4, rows: [row] }));
  expect(keys.unfollowed(cascades)).toEqual(['shop.lines']);
});
