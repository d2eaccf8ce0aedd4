import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BackupFolder } from '../../src/backup/backup-folder.ts';
import { manifestText, type BackupManifest } from '../../src/backup/backup-manifest.ts';
import { recordLine } from '../../src/backup/kept-record.ts';
import { openBackup, refuseOther } from '../../src/backup/open-backup.ts';

const source = { flavour: 'mysql', server: 'u', file: 'b.000001', position: 4, gtidSet: null, generation: 1 };
const about = { pipeline: 'shop', prefix: 'shop', clusterId: 'c', sluice: '0.1.0' };
const place = { topic: 't', partition: 0, offset: 0n, timestamp: 5, headers: new Map() };

let parent: string;
let path: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'sluice-backup-'));
  path = join(parent, 'state');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

async function made(
  change: (manifest: Omit<BackupManifest, 'format' | 'version'>) => object = (same) => same,
) {
  const folder = await BackupFolder.create(path);
  const line = recordLine({ ...place, key: Buffer.from('k'), value: null });
  await folder.lines('ddl.ndjson', async (take) => take(line));
  await folder.document('groups.json', [{ sink: 'redis', group: 'shop.redis', offsets: [] }]);
  const records = { file: 'ddl.ndjson', count: 1 };
  const topic = { name: 't', id: 'i', partitions: 1, replicationFactor: 1, configs: {}, records };
  const manifest = {
    ...about,
    takenAt: '2026-11-21T09:05:34.000Z',
    source: { ...source, savedAt: 1 },
    topics: [topic, { ...topic, name: 'rows', records: null }],
    files: folder.files,
  };
  await folder.finish(manifestText(change(manifest) as typeof manifest));
}

test('a backup is read with its records and groups', async () => {
  await made();
  const { manifest, topics, groups } = await openBackup(path);
  expect(manifest.pipeline).toBe('shop');
  expect(topics.map(({ topic, records }) => [topic.name, records.map(({ key }) => String(key))])).toEqual([
    ['t', ['k']],
  ]);
  expect(groups).toEqual([{ sink: 'redis', group: 'shop.redis', offsets: [] }]);
});

test.each([
  [
    'that was never finished',
    () => unlink(join(path, 'manifest.json')),
    'manifest.json cannot be read (ENOENT)',
  ],
  ['that lacks a file', () => unlink(join(path, 'ddl.ndjson')), 'ddl.ndjson cannot be read (ENOENT)'],
  [
    'with a changed file',
    () => writeFile(join(path, 'ddl.ndjson'), '{}\n'),
    'ddl.ndjson is not what was written',
  ],
  ['with a manifest of something else', () => writeFile(join(path, 'manifest.json'), '{}'), 'not understood'],
  ['with a manifest that is no JSON', () => writeFile(join(path, 'manifest.json'), '{'), 'it is no JSON'],
])('a folder %s is no backup', async (_, damage, message) => {
  await made();
  await damage();
  await expect(openBackup(path)).rejects.toMatchObject({
    code: 'BACKUP_INVALID',
    message: expect.stringContaining(message) as string,
  });
});

test('a file that no sum vouches for is not read, nor one of another number of records', async () => {
  await made((manifest) => ({ ...manifest, files: { 'groups.json': manifest.files['groups.json'] } }));
  await expect(openBackup(path)).rejects.toThrow('its manifest has no sum of ddl.ndjson');
  await rm(path, { recursive: true });
  await made((manifest) => ({
    ...manifest,
    topics: [{ ...manifest.topics[0], records: { file: 'ddl.ndjson', count: 2 } }],
  }));
  await expect(openBackup(path)).rejects.toThrow('ddl.ndjson has 1 records, not 2');
});

const CONFIG = { pipeline: 'shop', topics: { prefix: 'shop' } };
type Manifest = Parameters<NonNullable<Parameters<typeof made>[0]>>[0];

test.each([
  ['shop.sluice.ddl', true],
  ['shop.sluice.checkpoints', true],
  ['shop.sluice.decisions.redis-2', true],
  ['shop.shop.orders', false],
  ['shop.dlq.redis', false],
  ['other.sluice.ddl', false],
  ['shop.sluice.decisions.', false],
  ['shop.sluice.decisions.a/b', false],
  ['shop.sluice.anything', false],
])('records for %s are restored: %s', async (name, isTaken) => {
  await made((manifest: Manifest) => ({
    ...manifest,
    topics: manifest.topics.map((topic) => (topic.records === null ? topic : { ...topic, name })),
  }));
  const backup = await openBackup(path);
  const check = (): void => refuseOther(path, backup, CONFIG);
  if (isTaken) expect(check).not.toThrow();
  else expect(check).toThrow(`it has records for ${name}, which is no topic of the pipeline's state`);
});

test('offsets of another group are not set', async () => {
  await made();
  const backup = await openBackup(path);
  const groups = [{ sink: 'redis', group: 'payments.redis', offsets: [] }];
  expect(() => refuseOther(path, { ...backup, topics: [], groups }, CONFIG)).toThrow(
    'it has offsets for payments.redis, which is not the group of sink redis',
  );
});

test('an address of another store is refused: what is there was not read', async () => {
  await expect(openBackup('s3://backups/shop')).rejects.toThrow(
    '--from: s3://backups/shop is no folder: name one, and copy it from there',
  );
});
