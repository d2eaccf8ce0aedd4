import { parseConfig } from '@sluice/runtime';
import { renderView, type ServiceFigures } from '@sluice/ops-api/live';
import { expect, test } from 'vitest';
import type { ServiceAnswer } from '../../src/operator/service-line.ts';
import { topView, type LiveProcess } from '../../src/operator/top-view.ts';

const config = parseConfig(
  JSON.stringify({
    pipeline: 'shop',
    source: { host: 'db', user: 'u', tables: ['shop.*'] },
    kafka: { brokers: ['a:1', 'b:2'] },
  }),
  {},
);

const FIGURES: ServiceFigures = {
  state: 'running',
  records: 12_345_678,
  perSecond: 1234.5,
  lagSeconds: undefined,
  waiting: 17,
  p50: 0.014,
  p99: 2.5,
  deadLetters: 3,
};

function processOf(
  service: string,
  figures: ServiceFigures | null,
  told: Partial<ServiceAnswer> = {},
): LiveProcess {
  const answer: ServiceAnswer = {
    service,
    instance: null,
    url: `http://127.0.0.1/${service}`,
    answers: 'yes',
    detail: null,
    ready: true,
    status: null,
    health: null,
    stranger: null,
    kafka: null,
    unseen: null,
    ...told,
  };
  return { answer, figures };
}

const PROCESSES = [
  processOf('capture', { ...FIGURES, state: 'streaming', waiting: undefined, lagSeconds: 0.2 }),
  processOf('sink-redis', { ...FIGURES, state: '\u001B[2Jrunning' }),
  processOf('sink-redis', FIGURES),
  processOf('sink-elasticsearch', null, { answers: 'stopped' }),
];

test('a line for each process, what is wrong, and how to end it; nothing that moves the cursor', () => {
  const lines = renderView(topView(config, PROCESSES, 62), { columns: 100, rows: 30, color: false });
  expect(lines.slice(0, 8)).toEqual([
    'Sluice: shop  00:01:02',
    '',
    '',
    'service             state             rows/s        rows  behind    p50    p99  dead',
    'capture             streaming          1 235  12 345 678  200 ms  14 ms  2.5 s     3',
    'sink-redis 1        \\u{1b}[2Jrunning   1 235  12 345 678      17  14 ms  2.5 s     3',
    'sink-redis 2        running            1 235  12 345 678      17  14 ms  2.5 s     3',
    'sink-elasticsearch  stopped                –           –       –      –      –     –',
  ]);
  expect(lines).toContain('sink-elasticsearch: no process of it runs: its consumer group has no member');
  expect(lines.at(-1)).toBe('q or Ctrl-C ends this view; the pipeline continues.');
});

test('60 columns are enough for what matters', () => {
  const lines = renderView(topView(config, PROCESSES.slice(2), 62), { columns: 60, rows: 24, color: false });
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(60);
  expect(lines[4]).toMatch(/^sink-redis +running +1 235 +12 345 678 +17/);
});
