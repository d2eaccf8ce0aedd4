import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { LiveScreen, renderHeader, renderLine, renderView, type PipelineView } from '../../src/live/index.ts';

const UNKNOWN = {
  state: undefined,
  records: undefined,
  perSecond: undefined,
  lagSeconds: undefined,
  waiting: undefined,
  p50: undefined,
  p99: undefined,
  deadLetters: undefined,
};

const VIEW: PipelineView = {
  title: 'Sluice demo',
  elapsedSeconds: 3725.9,
  workload: { changes: 1_234_567, transactions: 1000, perSecond: 1033.4 },
  services: [
    {
      name: 'capture',
      process: 'running',
      restarts: 0,
      figures: { ...UNKNOWN, state: 'streaming', records: 1_234_999, perSecond: 1034, lagSeconds: 0.25 },
      opsUrl: 'http://127.0.0.1:1',
      metricsUrl: 'http://127.0.0.1:2',
    },
    {
      name: 'sink-redis',
      process: 'running',
      restarts: 2,
      figures: {
        ...UNKNOWN,
        state: 'running',
        perSecond: 1,
        waiting: 12,
        p50: 0.0142,
        p99: 2.34,
        deadLetters: 3,
      },
      opsUrl: 'http://127.0.0.1:3',
      metricsUrl: 'http://127.0.0.1:4',
    },
    {
      name: 'sink-mysql',
      process: 'waiting',
      restarts: 1,
      figures: null,
      opsUrl: 'http://127.0.0.1:5',
      metricsUrl: 'http://127.0.0.1:6',
    },
  ],
  places: [['Kafka', '127.0.0.1:9092']],
  events: ['sink-mysql ended (SIGKILL)'],
  stop: 'Ctrl-C stops everything.',
};

describe('renderView', () => {
  test('shows everything, aligned, without colour when none is wanted', () => {
    expect(renderView(VIEW, { columns: 100, rows: 30, color: false })).toEqual([
      'Sluice demo  01:02:05',
      'source: 1 033 row changes/s, 1 234 567 in 1 000 transactions',
      '',
      'service     state      rows/s       rows  behind    p50    p99  dead  restarts',
      'capture     streaming   1 034  1 234 999  250 ms      –      –     –         0',
      'sink-redis  running         1          –      12  14 ms  2.3 s     3         2',
      'sink-mysql  waiting         –          –       –      –      –     –         1',
      '',
      'Kafka          127.0.0.1:9092',
      'capture            http://127.0.0.1:1/status  http://127.0.0.1:2/metrics',
      'sink-redis         http://127.0.0.1:3/status  http://127.0.0.1:4/metrics',
      'sink-mysql         http://127.0.0.1:5/status  http://127.0.0.1:6/metrics',
      '',
      'behind: capture in time, sinks in records not applied yet',
      'p50, p99: from commit to store, last minute; dead: letters',
      '',
      'sink-mysql ended (SIGKILL)',
      'Ctrl-C stops everything.',
    ]);
  });

  test('colours change nothing of the text', () => {
    const colored = renderView(VIEW, { columns: 100, rows: 30, color: true });
    expect(colored[4]).toContain('\u001b[32mstreaming');
    expect(colored.map((line) => stripVTControlCharacters(line))).toEqual(
      renderView(VIEW, { columns: 100, rows: 30, color: false }),
    );
  });

  test.each([20, 40, 79])('no line is wider than a terminal of %i columns', (columns) => {
    const widths = renderView(VIEW, { columns, rows: 30, color: true }).map(
      (line) => stripVTControlCharacters(line).length,
    );
    expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
  });

  test.each([1, 2, 5, 9, 11, 14, 16, 20, 30])(
    '%i lines are enough; the last one says how to stop',
    (rows) => {
      const events = ['one', 'two', 'three'];
      const lines = renderView({ ...VIEW, events }, { columns: 60, rows, color: false });
      expect(lines.length).toBeLessThanOrEqual(rows);
      expect(lines.at(-1)).toBe('Ctrl-C stops everything.');
      if (rows >= 2) expect(lines[0]).toBe('Sluice demo  01:02:05');
      if (rows >= 20) expect(lines.slice(-4, -1)).toEqual(events);
    },
  );

  test('one line says the same in short', () => {
    expect(renderLine(VIEW)).toBe(
      '01:02:05 | source 1 033/s | capture streaming 1 034/s behind 250 ms | ' +
        'sink-redis running 1/s behind 12 p99 2.3 s dead letters 3 | sink-mysql waiting –/s behind –',
    );
  });
});

describe('LiveScreen', () => {
  const screenOn = (terminal: object): { screen: LiveScreen; written: string[] } => {
    const written: string[] = [];
    const output = { ...terminal, write: (text: string) => written.push(text) };
    return { screen: new LiveScreen({ output, env: { NO_COLOR: '1' } }), written };
  };

  test('on a pipe: where things are, then a plain line every five seconds', () => {
    const { screen, written } = screenOn({});
    for (const now of [0, 1000, 4999, 5000, 9000]) screen.show(VIEW, now);
    screen.close();
    expect(written).toEqual([`${renderHeader(VIEW)}\n`, `${renderLine(VIEW)}\n`, `${renderLine(VIEW)}\n`]);
    expect(renderHeader(VIEW).split('\n')).toEqual([
      'Sluice demo',
      'Kafka          127.0.0.1:9092',
      'capture            http://127.0.0.1:1/status  http://127.0.0.1:2/metrics',
      'sink-redis         http://127.0.0.1:3/status  http://127.0.0.1:4/metrics',
      'sink-mysql         http://127.0.0.1:5/status  http://127.0.0.1:6/metrics',
      'behind: capture in time, sinks in records not applied yet',
      'p50, p99: from commit to store, last minute; dead: letters',
      'Ctrl-C stops everything.',
    ]);
  });

  test('on a terminal: goes back up over what it drew, at most the height of the terminal', () => {
    const { screen, written } = screenOn({ isTTY: true, columns: 100, rows: 6 });
    screen.show(VIEW, 0);
    screen.show(VIEW, 1);
    screen.close();
    expect(written[0]?.split('\n')).toHaveLength(6);
    expect(written[1]).toContain('\u001b[5A\r');
    expect(written[2]).toBe('\u001b[?25h');
  });

  test('after the terminal was resized everything is cleared and drawn anew, at once', () => {
    const written: string[] = [];
    const listeners: (() => void)[] = [];
    const output = {
      isTTY: true,
      columns: 100,
      rows: 30,
      write: (text: string) => written.push(text),
      on: (_: 'resize', listener: () => void) => listeners.push(listener),
      off: (_: 'resize', listener: () => void) => listeners.splice(listeners.indexOf(listener), 1),
    };
    const screen = new LiveScreen({ output, env: { NO_COLOR: '1' } });
    screen.show(VIEW, 0);
    Object.assign(output, { columns: 40, rows: 8 });
    for (const listener of listeners) listener();
    expect(written[1]).toContain('\u001b[2J\u001b[H');
    expect(written[1]?.split('\n')).toHaveLength(8);
    screen.show(VIEW, 1);
    expect(written[2]).toContain('\u001b[7A\r');
    screen.close();
    expect(listeners).toEqual([]);
  });
});
