import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  certificateFinding,
  certificateFindings,
  endOf,
  filesNamed,
  passwordFinding,
} from '../../src/maintenance/credentials.ts';
import { grantFindings } from '../../src/maintenance/monthly.ts';
import {
  ageFinding,
  leftFindings,
  scratchBackup,
  scratchPrefix,
} from '../../src/maintenance/restore-drill.ts';
import type { Backup } from '../../src/backup/open-backup.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const DAY = 86_400_000;

/** Two certificates of one name, and one of another. */
const AUTHORITIES = [
  {
    ends: '2026-01-01T00:00:00Z',
    pem: `-----BEGIN CERTIFICATE-----
MIH5MIGsoAMCAQICAQEwBQYDK2VwMA4xDDAKBgNVBAMMA29uZTAeFw0yNTAxMDEw
MDAwMDBaFw0yNjAxMDEwMDAwMDBaMA4xDDAKBgNVBAMMA29uZTAqMAUGAytlcAMh
AGEZZiCOdl3usMh6hM1BkVtvD2ZDrlX0JqNvTC9p6ODboy8wLTAMBgNVHRMEBTAD
AQH/MB0GA1UdDgQWBBRImhuXbPURByXkXf/arRi09lOttDAFBgMrZXADQQAbhynw
8CUZx90WmwrYQ+eZ2dqrxbl2vpt3bA50bolEHzOEMXR25EIe+qGoi6PxmMfEbo1l
uo4azln2z2p/eoQC
-----END CERTIFICATE-----
`,
  },
  {
    ends: '2036-06-01T00:00:00Z',
    pem: `-----BEGIN CERTIFICATE-----
MIH5MIGsoAMCAQICAQEwBQYDK2VwMA4xDDAKBgNVBAMMA29uZTAeFw0yNTA2MDEw
MDAwMDBaFw0zNjA2MDEwMDAwMDBaMA4xDDAKBgNVBAMMA29uZTAqMAUGAytlcAMh
AE1OUXDLlswcpek6HOMvMqjybYi0oo90ZA+pYGi4kSeGoy8wLTAMBgNVHRMEBTAD
AQH/MB0GA1UdDgQWBBQkRVI0zgKnmsotDurGyOz655GlHDAFBgMrZXADQQBNW9JP
4bITNsvKtLL43EQYBpFyg6HItINE+FRWn0WfteTugjhANDqZPqAZOqRdz4Uj1g8G
u0TfxadBoEJMasMD
-----END CERTIFICATE-----
`,
  },
  {
    ends: '2030-01-01T00:00:00Z',
    pem: `-----BEGIN CERTIFICATE-----
MIH5MIGsoAMCAQICAQEwBQYDK2VwMA4xDDAKBgNVBAMMA3R3bzAeFw0yNTAxMDEw
MDAwMDBaFw0zMDAxMDEwMDAwMDBaMA4xDDAKBgNVBAMMA3R3bzAqMAUGAytlcAMh
AAEfVrDvhhDyVWwk153fACN8RWL9JXhgSoMON+IByirzoy8wLTAMBgNVHRMEBTAD
AQH/MB0GA1UdDgQWBBSKEUH2zZCC8fIIsku/96sw/M3u6DAFBgMrZXADQQCfPdAl
9sDwdcwdcpJUo1L5gEErWiQyNneXliD4acYIYtz7LIoT7/gPl7EcHRk5w1Kl0Tyf
bRAOrA37sIRgIcIM
-----END CERTIFICATE-----
`,
  },
];

test('every file of certificates and of tokens that the configuration names is found', () => {
  const config = {
    source: { tls: { caFile: 'ca.pem', keyFile: 'client.key', certFile: 'client.pem' } },
    sinks: {
      redis: { ops: { tokensFile: 'tokens', tls: { clientCaFile: 'operators.pem' } }, url: 'redis://r' },
    },
  };
  expect(filesNamed(config, 'certificates')).toEqual([
    { setting: 'source.tls.caFile', file: 'ca.pem' },
    { setting: 'source.tls.certFile', file: 'client.pem' },
    { setting: 'sinks.redis.ops.tls.clientCaFile', file: 'operators.pem' },
  ]);
  expect(filesNamed(config, 'tokens')).toEqual([{ setting: 'sinks.redis.ops.tokensFile', file: 'tokens' }]);
});

test.each([
  [30, 'ok'],
  [29, 'problem'],
  [-1, 'problem'],
])('a certificate that ends in %d days is %s', (days, result) => {
  expect(certificateFinding('source', NOW + days * DAY, NOW).result).toBe(result);
});

test('of authorities the newest of each name counts, of a chain every certificate', () => {
  const [old, next, other] = AUTHORITIES.map(({ pem }) => pem) as [string, string, string];
  const [oldEnds, nextEnds, otherEnds] = AUTHORITIES.map(({ ends }) => Date.parse(ends));
  expect(endOf('source.tls.caFile', old + next)).toBe(nextEnds);
  expect(endOf('ops.tls.clientCaFile', next + old + other)).toBe(otherEnds);
  expect(endOf('source.tls.certFile', next + old)).toBe(oldEnds);
  expect(() => endOf('source.tls.caFile', 'none')).toThrow('no certificate');
});

test('a file that cannot be used: whether it is not here, or has no certificate, is told apart', async () => {
  const here = join(import.meta.dirname, 'weekly-findings.test.ts');
  const found = await certificateFindings(
    [
      { setting: 'source.tls.caFile', file: '/no/such/file.pem' },
      { setting: 'source.tls.certFile', file: here },
    ],
    NOW,
  );
  expect(found.map(({ result, found: text, fix }) => [result, text.replace(here, 'HERE'), fix])).toEqual([
    [
      'unknown',
      'source.tls.caFile (/no/such/file.pem) cannot be read here (ENOENT)',
      'run the command where the file is, or --skip certificates',
    ],
    [
      'unknown',
      'source.tls.certFile (HERE) has no certificate that can be read',
      'put the certificate into it, as PEM',
    ],
  ]);
});

test('a store that does not list what an account may do: it is said what was tried', () => {
  const facts = { excess: [], advice: '', passwordSetMs: null, certificateEndsMs: null, tried: '+acl|list' };
  expect(grantFindings({ name: 'sink-redis', facts })[0]?.found).toBe(
    'sink-redis: nothing beyond its work, of what was tried: +acl|list',
  );
});

test('a password of more than a year is wrong; one that nobody tells the age of is said to be so', () => {
  expect(passwordFinding('source', NOW - 365 * DAY, NOW).result).toBe('ok');
  expect(passwordFinding('source', NOW - 366 * DAY, NOW).result).toBe('problem');
  expect(passwordFinding('source', null, NOW)).toMatchObject({
    result: 'note',
    found: expect.stringContaining('does not tell') as unknown,
  });
});

test('grants: any right beyond the work is wrong, and an account that cannot be looked at is unknown', () => {
  const facts = { advice: 'another account', passwordSetMs: null, certificateEndsMs: null };
  const resultOf = (excess: readonly string[] | null) =>
    grantFindings({ name: 'sink-mysql', facts: { ...facts, excess } })[0]?.result;
  expect([resultOf([]), resultOf(['SUPER']), resultOf(null)]).toEqual(['ok', 'problem', 'unknown']);
  expect(grantFindings({ name: 'sink-own', facts: null })[0]?.result).toBe('unknown');
});

test('a drill has the records of the backup in topics that are none of the pipeline, and none of its offsets', () => {
  const topic = { id: 'x', partitions: 1, replicationFactor: 1, configs: {}, records: null };
  const backup = {
    manifest: { takenAt: new Date(NOW).toISOString() },
    groups: [{ sink: 'redis', group: 'shop.redis', offsets: [] }],
    topics: [{ topic: { ...topic, name: 'shop.sluice.checkpoints' }, records: [] }],
  } as unknown as Backup;
  const scratch = scratchPrefix('shop');
  expect(scratch).toMatch(/^shop-drill-[0-9a-f]{8}$/);
  const moved = scratchBackup('shop', backup, scratch);
  expect(moved.topics.map(({ topic: { name } }) => name)).toEqual([`${scratch}.sluice.checkpoints`]);
  expect(moved.groups).toEqual([]);
  expect(ageFinding(backup, NOW + 48 * 3_600_000).result).toBe('ok');
  expect(ageFinding(backup, NOW + 49 * 3_600_000).result).toBe('problem');
});

test('topics that a killed drill has left are told, those of others are not', () => {
  const names = [
    'shop.sluice.checkpoints',
    'shop-drill-0a1b2c3d.sluice.audit',
    'shop-drill-0a1b2c3d.sluice.checkpoints',
    'shop-drill-eu.shop.orders',
    'other-drill-0a1b2c3d.sluice.audit',
  ];
  expect(leftFindings(names, 'shop').map(({ result, found, fix }) => [result, found, fix])).toEqual([
    [
      'note',
      '2 topics of a drill that was broken off, such as shop-drill-0a1b2c3d.sluice.audit',
      'where no drill runs now, delete the topics that begin with shop-drill-',
    ],
  ]);
  expect(leftFindings(names.slice(3), 'shop')).toEqual([]);
});
