import { describe, expect, test } from 'vitest';
import { retentionOf } from '../../src/source/ask-retention.ts';
import { PurgeForecast, type RetentionAnswer } from '../../src/source/purge-forecast.ts';

const HOUR = 3600;
const NOW = 1_800_000_000_000;

function answer(told: Partial<RetentionAnswer> = {}): RetentionAnswer {
  const files = new Map([
    ['b.1', 100],
    ['b.2', 200],
    ['b.3', 50],
  ]);
  return { askedAtMs: NOW, skewSeconds: 0, expireSeconds: HOUR, limitBytes: null, files, ...told };
}
const at = (file: string, agoSeconds: number) => ({
  file,
  position: 40,
  committedAtMs: NOW - agoSeconds * 1000,
});

function headroom(told: RetentionAnswer, where: ReturnType<typeof at>, nowMs = NOW): number {
  const forecast = new PurgeForecast();
  forecast.note(told, where);
  return forecast.headroomSeconds(nowMs);
}

describe('by age', () => {
  test('nothing is known before the source has answered', () => {
    expect(new PurgeForecast().headroomSeconds(NOW)).toBeNaN();
  });

  test('counts from the last transaction that was read, and goes on without a further answer', () => {
    expect(headroom(answer(), at('b.1', 600))).toBe(HOUR - 600);
    expect(headroom(answer(), at('b.1', 600), NOW + 1_000_000)).toBe(HOUR - 1600);
    expect(headroom(answer(), at('b.1', 600), NOW + 10_000_000)).toBe(0);
  });

  test('a file that the server writes to has the whole time before it, and counts from then', () => {
    const forecast = new PurgeForecast();
    forecast.note(answer(), at('b.3', 5000));
    expect(forecast.headroomSeconds(NOW)).toBe(HOUR);
    const files = new Map([...answer().files, ['b.4', 10]]);
    forecast.note(answer({ askedAtMs: NOW + 60_000, files }), at('b.3', 5000));
    expect(forecast.headroomSeconds(NOW + 60_000)).toBe(HOUR - 60);
  });

  test('the clock of the source counts, not ours', () => {
    expect(headroom(answer({ skewSeconds: -300 }), at('b.1', 900))).toBe(HOUR - 600);
  });

  test('unknown before the first transaction of a closed file; endless without retention; nothing once the file is gone', () => {
    expect(headroom(answer(), { ...at('b.1', 0), committedAtMs: 0 })).toBeNaN();
    expect(headroom(answer({ expireSeconds: null }), at('b.1', 600))).toBe(Infinity);
    expect(headroom(answer(), at('b.0', 1))).toBe(0);
  });
});

test('by size: what is left of the limit, at the rate at which the source writes', () => {
  const forecast = new PurgeForecast();
  const limited = { expireSeconds: null, limitBytes: 1000 };
  forecast.note(answer(limited), at('b.2', 1));
  expect(forecast.headroomSeconds(NOW)).toBeNaN();
  const files = new Map([
    ['b.2', 200],
    ['b.3', 150],
    ['b.4', 50],
  ]);
  forecast.note(answer({ ...limited, askedAtMs: NOW + 10_000, files }), at('b.2', 1));
  // 150 bytes in 10 s; the file and those after it have 400 of 1000.
  expect(forecast.headroomSeconds(NOW + 10_000)).toBe(40);
  expect(forecast.lagBytes).toBe(360);
  forecast.note(answer({ ...limited, limitBytes: 300, askedAtMs: NOW + 20_000, files }), at('b.2', 1));
  expect(forecast.headroomSeconds(NOW + 20_000)).toBe(0);
});

test.each([
  [{ binlog_expire_logs_seconds: '2592000', binlog_expire_logs_auto_purge: 'ON' }, 2_592_000, null],
  [{ binlog_expire_logs_seconds: '2592000', binlog_expire_logs_auto_purge: 'OFF' }, null, null],
  [{ binlog_expire_logs_seconds: '0', expire_logs_days: '2' }, 172_800, null],
  [{ binlog_expire_logs_seconds: '43200', expire_logs_days: '0.500000' }, 43_200, null],
  [{ binlog_expire_logs_seconds: '0', expire_logs_days: '0.000000', max_binlog_total_size: '0' }, null, null],
  [{ expire_logs_days: '0.000000', max_binlog_total_size: '1073741824' }, null, 1_073_741_824],
])('%j', (variables, expireSeconds, limitBytes) => {
  expect(retentionOf(new Map(Object.entries(variables)))).toEqual({ expireSeconds, limitBytes });
});
