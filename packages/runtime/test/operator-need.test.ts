import { expect, test } from 'vitest';
import { PipelineError } from '../src/errors.ts';
import { createLogger } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import { OperatorNeed } from '../src/operator-need.ts';

const DENIED = new PipelineError('MYSQL_AUTH_FAILED', 'the server refuses sluice');
const LOST = new PipelineError('CHECKPOINT_MISSING', 'no checkpoint');

function need(onFatal: 'stay' | 'exit' = 'stay') {
  const { registry } = createMetrics('test');
  const lines: string[] = [];
  const log = createLogger('test', { level: 'info' }, { write: (line) => void lines.push(line) });
  const stop = new AbortController();
  const made = new OperatorNeed({ onFatal, registry, log, signal: stop.signal, now: () => 0 });
  const series = async (): Promise<readonly string[]> =>
    (await registry.getSingleMetricAsString('cdc_needs_operator')).match(/^cdc_needs_operator\{.* 1$/gmu) ??
    [];
  const events = (): unknown[] => lines.map((line) => (JSON.parse(line) as { event: string }).event);
  return { need: made, series, events, stop };
}

test.each([
  ['stay', DENIED, true],
  ['stay', new PipelineError('PREFLIGHT_FAILED', ''), true],
  ['stay', new PipelineError('MYSQL_TABLE_UNKNOWN', ''), true],
  ['stay', new PipelineError('MYSQL_UNREACHABLE', ''), false],
  ['stay', new PipelineError('CONFIG_INVALID', ''), false],
  ['stay', new PipelineError('OPS_PORT_TAKEN', ''), false],
  ['stay', new TypeError('a bug'), false],
  ['exit', DENIED, false],
] as const)('onFatal: %s, %s: stays up %s', (onFatal, error, stays) => {
  expect(need(onFatal).need.takes(error)).toBe(stays);
});

test('an error that comes back is told once, and looked at ever more rarely, up to a minute', async () => {
  const { need: it, series, events } = need();
  const waits = Array.from({ length: 6 }, () => {
    it.note(DENIED, true);
    return Date.parse(it.current?.nextCheckAt ?? '');
  });
  expect(waits).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  expect(it.current).toMatchObject({
    code: 'MYSQL_AUTH_FAILED',
    message: 'the server refuses sluice',
    fix: expect.stringContaining('Correct `user`') as unknown,
    since: '1970-01-01T00:00:00.000Z',
  });
  expect(events()).toEqual(['service.needs_operator']);
  expect(await series()).toEqual(['cdc_needs_operator{code="MYSQL_AUTH_FAILED"} 1']);

  it.note(LOST, false);
  expect(it.current).toMatchObject({ code: 'CHECKPOINT_MISSING', nextCheckAt: null });
  it.over();
  it.over();
  expect(it.current).toBeNull();
  expect(events()).toEqual(['service.needs_operator', 'service.needs_operator', 'service.works_again']);
  expect(await series()).toEqual([]);
});

test('a wait ends by the order to stop, also one without a look', async () => {
  for (const isChecked of [true, false]) {
    const { need: it, stop } = need();
    it.note(LOST, isChecked);
    const waiting = it.wait();
    stop.abort(new DOMException('SIGTERM', 'AbortError'));
    await expect(waiting).rejects.toThrow('SIGTERM');
  }
});
