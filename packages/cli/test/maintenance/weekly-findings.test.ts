import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { capacityFindings, type Measured } from '../../src/maintenance/capacity.ts';
import { findingsOf } from '../../src/maintenance/checks.ts';
import { PipelineError, type SluiceConfig } from '@sluice/runtime';
import {
  comparedFinding,
  reportedComparison,
  watchedComparisons,
} from '../../src/maintenance/compare-age.ts';
import { ExpectedTables } from '../../src/maintenance/expected-tables.ts';
import { ofPipeline, type Prometheus } from '../../src/maintenance/prometheus.ts';
import { compareFindings, tableFindings } from '../../src/maintenance/weekly.ts';
import { CommandFailed } from '../../src/operator/command-failed.ts';
import { summaryOf, note, NOT_LOOKED_AT, ok } from '../../src/operator/findings.ts';
import { UsageError } from '../../src/operator/usage-error.ts';

const DAY = 86_400;
const QUIET: Measured = {
  rows: 1000,
  rowsBefore: 900,
  peakRate: 12,
  worstLag: 2,
  leastHeadroom: 7 * DAY,
  memory: [{ labels: { job: 'sluice-capture' }, value: 0.5 }],
};
const resultsOf = (measured: Partial<Measured>): readonly string[] =>
  capacityFindings('shop', { ...QUIET, ...measured }).map(({ result }) => result);

test('capacity: a quiet week is fine, growth and lag are worth a look, memory and binlog near their end are wrong', () => {
  expect(resultsOf({})).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
  expect(capacityFindings('shop', QUIET)[0]?.found).toBe(
    '1000 rows in seven days, 900 in the seven days before (+11 %)',
  );
  expect(resultsOf({ rowsBefore: 600 })[0]).toBe('note');
  expect(resultsOf({ rowsBefore: null })[0]).toBe('note');
  expect(resultsOf({ worstLag: 61 })[2]).toBe('note');
  expect(resultsOf({ leastHeadroom: 3600 })[3]).toBe('problem');
  expect(resultsOf({ memory: [{ labels: {}, value: 0.91 }] })[4]).toBe('problem');
});

test('capacity: what Prometheus does not know is not fine', () => {
  expect(resultsOf({ rows: null })).toEqual(['unknown']);
  expect(resultsOf({ worstLag: null, leastHeadroom: Number.NaN }).slice(2, 4)).toEqual([
    'unknown',
    'unknown',
  ]);
  expect(resultsOf({ peakRate: null })[1]).toBe('unknown');
  expect(resultsOf({ memory: [] })[4]).toBe('note');
});

test('capacity: a week with hardly any rows is worth a look', () => {
  expect(resultsOf({ rows: 0, rowsBefore: 100_000 })[0]).toBe('note');
  expect(resultsOf({ rows: 700, rowsBefore: 1000 })[0]).toBe('ok');
});

test('a table whose size the source does not tell is unknown, not empty', () => {
  const told = { database: 'shop', table: 'told', rows: 5, bytes: 2 ** 20, freeBytes: 0 };
  const broken = { ...told, table: 'broken', rows: Number.NaN, bytes: Number.NaN, freeBytes: Number.NaN };
  expect(tableFindings([told, broken]).map(({ result, found }) => [result, found])).toEqual([
    ['ok', '1 table, 1.0 MiB with indexes'],
    ['ok', 'shop.told: about 5 rows, 1.0 MiB'],
    ['unknown', 'the source does not tell the size of shop.broken'],
  ]);
});

test('the last words of a report pass over no area that was skipped, and no note', () => {
  const fine = ok('a', 'fine');
  const skipped = note('b', NOT_LOOKED_AT, null);
  const told = note('c', 'nobody tells', null);
  expect(summaryOf([fine], 0)).toBe('nothing is wrong');
  expect(summaryOf([fine, told], 0)).toBe('nothing is wrong; 1 note above');
  expect(summaryOf([fine, skipped], 0)).toBe('nothing is wrong in what was looked at; skipped: b');
  expect(summaryOf([fine, skipped], 1)).toBe('1 finding to look at');
});

test.each([
  [6.9, 0, 'ok'],
  [7.1, 0, 'problem'],
  [0.1, 3, 'problem'],
  [0.1, null, 'unknown'],
])('a comparison of %d days ago with %s different rows is %s', (days, different, result) => {
  expect(comparedFinding({ name: 'r.json', ageSeconds: days * DAY, different }).result).toBe(result);
});

test('tables: all of them, the ten largest, and those with much free space, with the statement', () => {
  const table = { database: 'shop', rows: 5, freeBytes: 0 };
  const many = Array.from({ length: 12 }, (_, at) => ({
    ...table,
    table: `t${at}`,
    bytes: (12 - at) * 2 ** 20,
  }));
  const loose = { ...table, table: 'old', bytes: 0, freeBytes: 101 * 2 ** 20 };
  const findings = tableFindings([...many, loose]);
  expect(findings[0]?.found).toBe('13 tables, 78.0 MiB with indexes');
  expect(findings).toHaveLength(1 + 10 + 1);
  expect(findings.at(-1)).toMatchObject({
    result: 'note',
    fix: expect.stringMatching(/^OPTIMIZE TABLE `shop`\.`old`/) as unknown,
  });
});

test('what is skipped is said, what fails is unknown, and an area that there is none of is refused', async () => {
  const checks = [
    { area: 'a', look: async () => [ok('a', 'fine')] },
    { area: 'b', look: () => Promise.reject(new CommandFailed('no answer')) },
  ];
  const found = await findingsOf(checks, ['a']);
  expect(found.map(({ area, result }) => [area, result])).toEqual([
    ['a', 'note'],
    ['b', 'unknown'],
  ]);
  await expect(findingsOf(checks, ['c'])).rejects.toThrow(UsageError);
});

test('an error of any kind is unknown in its area, and loses nothing of the others', async () => {
  const checks = [
    { area: 'a', look: () => Promise.reject(new URIError('URI malformed')) },
    { area: 'b', seconds: 0.01, look: () => new Promise<never>(() => undefined) },
    { area: 'c', look: async () => [ok('c', 'fine')] },
  ];
  const found = await findingsOf(checks, []);
  expect(found.map(({ result }) => result)).toEqual(['unknown', 'unknown', 'ok']);
});

const CONFIG = {
  pipeline: 'shop',
  source: { tables: ['shop.*'] },
  sinks: { redis: {}, mysql: { tables: ['shop.orders'] }, search: { operations: ['insert'] } },
  tables: {
    'shop.half': { where: 'id > 5' },
    'shop.notes': { operations: ['insert', 'update', 'delete', 'truncate'] },
    'shop.some': { operations: ['insert', 'update'] },
  },
} as unknown as SluiceConfig;
const expectedOf = (...tables: readonly string[]): ExpectedTables =>
  new ExpectedTables(
    CONFIG,
    tables.map((table) => ({ database: 'shop', table })),
  );

test('a comparison is expected of every table that a sink takes whole', () => {
  const expected = expectedOf('orders', 'notes', 'half', 'some');
  expect(expected.missing([])).toEqual([
    { sink: 'redis', table: 'shop.orders' },
    { sink: 'redis', table: 'shop.notes' },
    { sink: 'mysql', table: 'shop.orders' },
  ]);
  expect(expected.missing([{ sink: 'redis', table: 'shop.orders' }])).toHaveLength(2);
  expect([expected.leavesRowsOut('shop.half'), expected.leavesRowsOut('shop.notes')]).toEqual([true, false]);
});

test('a report of less than all rows of all tables of all sinks is no proof that they are equal', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'sluice-report-')), 'r.json');
  const whole = {
    report: 'compare',
    pipeline: 'shop',
    endedAt: '2026-11-21T12:00:00.000Z',
    result: 'equal',
    rows: 5,
    offline: false,
    scope: { where: null, keys: null, sample: null },
    asked: { tables: [], sinks: [] },
    tables: [
      { table: 'shop.orders', compared: true, sinks: { redis: {}, mysql: {} } },
      { table: 'shop.half', compared: false, sinks: {} },
    ],
  };
  const now = Date.parse('2026-11-21T13:00:00Z');
  const lookAt = async (tables: readonly string[], change: object): Promise<string> => {
    writeFileSync(file, JSON.stringify({ ...whole, ...change }));
    const [finding] = await reportedComparison(file, CONFIG, expectedOf(...tables), now);
    return `${finding?.result}: ${finding?.found.replace(file, 'FILE')}`;
  };
  const orders = ['orders', 'half'];
  const redisAlone = { tables: [{ table: 'shop.orders', compared: true, sinks: { redis: {} } }] };
  expect(await lookAt(orders, {})).toBe('ok: FILE, 5 rows: compared 0.0 days ago, equal');
  expect(await lookAt([...orders, 'notes'], {})).toBe('unknown: FILE: not compared: shop.notes in redis');
  expect(await lookAt(orders, redisAlone)).toBe('unknown: FILE: not compared: shop.orders in mysql');
  expect(
    await lookAt(orders, { tables: [{ table: 'shop.orders', compared: false, sinks: { redis: {} } }] }),
  ).toBe('unknown: FILE: not compared: shop.orders');
  expect(await lookAt([], { rows: 0, tables: [] })).toBe('unknown: FILE: no row was compared');
  expect(await lookAt(orders, { scope: { ...whole.scope, sample: 10 } })).toBe(
    'unknown: FILE: only a part of the rows was compared',
  );
  expect(await lookAt(orders, { result: 'different' })).toMatch(/^problem: /u);
  expect(await lookAt(orders, { asked: { tables: ['shop.orders'], sinks: [] } })).toBe(
    'unknown: FILE: only these tables were asked for: shop.orders',
  );
  // Of a version that did not tell.
  expect(await lookAt(orders, { asked: undefined })).toMatch(/^unknown: /u);
  rmSync(dirname(file), { recursive: true });
});

test('of what Prometheus tells, tables without a comparison are named', async () => {
  const series = (sink: string, table: string, value: number) => ({
    labels: { sink, database: 'shop', table },
    value,
  });
  const answers = [[series('redis', 'orders', 60)], [series('redis', 'orders', 0)], []];
  const prometheus = { query: () => Promise.resolve(answers.shift() ?? []) } as unknown as Prometheus;
  const found = await watchedComparisons(prometheus, CONFIG, expectedOf('orders', 'notes', 'half'));
  expect(found.map((finding) => `${finding.result}: ${finding.found}`)).toEqual([
    'unknown: no comparison is known of shop.notes in redis, shop.orders in mysql',
    'ok: shop.orders in redis: compared 0.0 days ago, equal',
  ]);
  expect(await watchedComparisons(prometheus, CONFIG, expectedOf('orders'))).toEqual([]);
});

test('what is found is not said once more as its fix', async () => {
  const login = new CommandFailed('Prometheus refuses the login', { fix: '--prometheus-login-file' });
  const checks = [
    { area: 'a', look: () => Promise.reject(login) },
    { area: 'b', look: () => Promise.reject(new CommandFailed('no answer')) },
  ];
  const found = await findingsOf(checks, []);
  expect(found.map(({ fix }) => fix)).toEqual([
    '--prometheus-login-file',
    'what was found says what is needed; then run it again',
  ]);
});

test('a selector holds the name of the pipeline as it is', () => {
  expect(ofPipeline('a"b', 'job="x"')).toBe('{pipeline="a\\"b",job="x"}');
});

test('a difference that is known is told also where the source does not say which tables there are', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'sluice-report-')), 'r.json');
  const report = {
    report: 'compare',
    pipeline: 'shop',
    endedAt: new Date().toISOString(),
    result: 'different',
    rows: 5,
    offline: false,
    scope: { where: null, keys: null, sample: null },
    asked: { tables: [], sinks: [] },
    tables: [],
  };
  writeFileSync(file, JSON.stringify(report));
  const away = new PipelineError('MYSQL_UNREACHABLE', 'connect');
  const captured = () => Promise.reject(away);
  const found = await compareFindings({ report: file, prometheus: null, config: CONFIG, captured });
  expect(found.map(({ area, result }) => [area, result])).toEqual([
    ['compare', 'problem'],
    ['compare', 'problem'],
  ]);
  expect(found[1]?.found).toContain('MYSQL_UNREACHABLE');
  rmSync(dirname(file), { recursive: true });
});
