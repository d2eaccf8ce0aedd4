import { PipelineError } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import { manifestText, parseManifest, type BackupManifest } from '../../src/backup/backup-manifest.ts';
import { parseRecordLine, recordLine } from '../../src/backup/kept-record.ts';
import { lowerOf } from '../../src/backup/take-backup.ts';

const MANIFEST: Omit<BackupManifest, 'format' | 'version'> = {
  pipeline: 'shop',
  prefix: 'shop',
  clusterId: 'c1',
  takenAt: '2026-11-21T09:05:34.000Z',
  sluice: '0.1.0',
  source: {
    flavour: 'mysql',
    server: 'u-1',
    file: 'binlog.000002',
    position: 157,
    gtidSet: null,
    generation: 2,
    savedAt: 1_795_252_177_716,
  },
  topics: [
    {
      name: 'shop.sluice.ddl',
      id: 'i-1',
      partitions: 1,
      replicationFactor: 1,
      configs: { 'retention.ms': '-1' },
      records: { file: 'ddl.ndjson', count: 3 },
    },
  ],
  files: { 'ddl.ndjson': { bytes: 12, sha256: 'a'.repeat(64) } },
};

describe('a manifest', () => {
  test('is read as it was written, whatever a later version adds', () => {
    const text = manifestText(MANIFEST);
    expect(parseManifest(text)).toEqual({ format: 'sluice-backup', version: 1, ...MANIFEST });
    const more = { ...(JSON.parse(text) as object), more: true };
    expect(parseManifest(JSON.stringify(more))).toEqual(parseManifest(text));
  });

  test('of a later format is refused by its version', () => {
    const later = manifestText(MANIFEST).replace('"version": 1', '"version": 2');
    expect(() => parseManifest(later)).toThrow(PipelineError);
    expect(() => parseManifest(later)).toThrow(
      'The backup is of version 2; this Sluice reads up to version 1.',
    );
  });

  test.each(['../ddl.ndjson', '/etc/passwd', 'a/b', '..', ''])(
    'names no file outside of its folder: %j',
    (file) => {
      const [topic] = MANIFEST.topics;
      const topics = [{ ...(topic as BackupManifest['topics'][number]), records: { file, count: 1 } }];
      expect(() => parseManifest(manifestText({ ...MANIFEST, topics }))).toThrow();
    },
  );
});

test('a record is kept byte for byte, null apart from empty', () => {
  const place = { topic: 't', partition: 0, offset: 7n, timestamp: 1_795_252_177_716 };
  const key = Buffer.from([0, 0xff, 0x0a]);
  const headers = new Map([
    ['seal', Buffer.from('1:x')],
    ['none', null],
  ]);
  const full = { ...place, key, value: Buffer.alloc(0), headers };
  expect(parseRecordLine(recordLine(full))).toEqual({
    partition: 0,
    offset: '7',
    timestamp: place.timestamp,
    key,
    value: Buffer.alloc(0),
    headers: { seal: Buffer.from('1:x') },
  });
  const empty = { ...place, key: null, value: null, headers: new Map() };
  expect(parseRecordLine(recordLine(empty))).toMatchObject({ key: null, value: null, headers: {} });
});

test('of two looks at a group the lower offset counts, and none that the first has not seen', () => {
  const at = (partition: number, offset: bigint) => ({ topic: 't', partition, offset, topicId: 'i' });
  expect(lowerOf([at(0, 5n), at(1, 5n), at(2, 5n)], [at(0, 9n), at(1, 2n), at(3, 4n)])).toEqual([
    at(0, 5n),
    at(1, 2n),
    at(2, 5n),
  ]);
});
