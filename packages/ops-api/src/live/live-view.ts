import { styleText } from 'node:util';
import type { ServiceFigures } from './service-reading.ts';

export interface ServiceView {
  readonly name: string;
  /** Of the process: running, waiting (to be started again), failed, stopped. */
  readonly process: string;
  /** Null where nobody counts them. */
  readonly restarts: number | null;
  readonly figures: ServiceFigures | null;
  readonly opsUrl: string;
  /** Null where it is not known. */
  readonly metricsUrl: string | null;
}

export interface PipelineView {
  readonly title: string;
  readonly elapsedSeconds: number;
  /** What the workload has committed; null without one. */
  readonly workload: {
    readonly changes: number;
    readonly transactions: number;
    readonly perSecond: number;
  } | null;
  readonly services: readonly ServiceView[];
  /** Where things are: name and address. */
  readonly places: readonly (readonly [string, string])[];
  /** The last things that happened, oldest first. */
  readonly events: readonly string[];
  /** How to stop, in a line. */
  readonly stop: string;
}

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red';
type Paint = (style: Style, text: string) => string;
type Cell = readonly [text: string, style?: Style];

const HEADINGS = ['service', 'state', 'rows/s', 'rows', 'behind', 'p50', 'p99', 'dead', 'restarts'];
const LEFT_ALIGNED = 2;

/** What the columns count, in lines that fit on 60 columns. */
const LEGEND = [
  'behind: capture in time, sinks in records not applied yet',
  'p50, p99: from commit to store, last minute; dead: letters',
];

export interface Terminal {
  readonly columns: number;
  /** Lines that there is room for; what matters least gives way. */
  readonly rows: number;
  readonly color: boolean;
}

/** The whole screen as lines, none wider than `columns`, not more than `rows`; the last one says how to stop. */
export function renderView(view: PipelineView, { columns, rows, color }: Terminal): string[] {
  const paint: Paint = (style, text) => (color ? styleText(style, text, { validateStream: false }) : text);
  const isCounted = view.services.some(({ restarts }) => restarts !== null);
  const headings = isCounted ? HEADINGS : HEADINGS.slice(0, -1);
  const plainRows = [headings.map((text): Cell => [text, 'dim']), ...view.services.map(serviceCells)];
  const fit = (text: string, style?: Style): string => {
    const cut = text.length > columns ? `${text.slice(0, columns - 1)}…` : text;
    return style === undefined ? cut : paint(style, cut);
  };
  const head = [
    fit(`${view.title}  ${clock(view.elapsedSeconds)}`, 'bold'),
    fit(workloadLine(view.workload)),
    '',
    ...layOut(plainRows, columns, paint),
  ];
  const stop = fit(view.stop, 'dim');
  let left = Math.max(rows, 1) - 1;
  const take = (lines: readonly string[]): readonly string[] => {
    if (lines.length > left) return [];
    left -= lines.length;
    return lines;
  };
  // In the order of their worth; on the screen the places come before the legend.
  const table = head.slice(0, left);
  left -= table.length;
  const places = take(['', ...view.places.map(([name, address]) => fit(placeLine(name, address)))]);
  const legend = take(['', ...LEGEND.map((line) => fit(line, 'dim'))]);
  const pages = take(
    view.services.map(({ name, opsUrl, metricsUrl }) => fit(pagesLine(name, opsUrl, metricsUrl))),
  );
  const events = left < 2 ? [] : ['', ...view.events.slice(1 - left).map((event) => fit(event, 'dim'))];
  return [...table, ...places, ...pages, ...legend, ...(events.length > 1 ? events : []), stop];
}

/** What does not change, for output that is not a terminal: said once. */
export function renderHeader({ title, places, services, stop }: PipelineView): string {
  return [
    title,
    ...places.map(([name, address]) => placeLine(name, address)),
    ...services.map(({ name, opsUrl, metricsUrl }) => pagesLine(name, opsUrl, metricsUrl)),
    ...LEGEND,
    stop,
  ].join('\n');
}

const placeLine = (name: string, address: string): string => `${name.padEnd(14)} ${address}`;

const pagesLine = (name: string, ops: string, metrics: string | null): string =>
  `${name.padEnd(18)} ${ops}/status${metrics === null ? '' : `  ${metrics}/metrics`}`;

function workloadLine(workload: PipelineView['workload']): string {
  if (workload === null) return '';
  const { perSecond, changes, transactions } = workload;
  return `source: ${number(perSecond)} row changes/s, ${number(changes)} in ${number(transactions)} transactions`;
}

function serviceCells({ name, process, restarts, figures }: ServiceView): Cell[] {
  const state = process === 'running' ? (figures?.state ?? 'starting') : process;
  const dead = figures?.deadLetters;
  return [
    [name],
    [state, stateStyle(state)],
    [optional(figures?.perSecond, number)],
    [optional(figures?.records, number)],
    [behindText(figures)],
    [optional(figures?.p50, seconds)],
    [optional(figures?.p99, seconds)],
    [optional(dead, number), dead !== undefined && dead > 0 ? 'red' : undefined],
    ...(restarts === null ? [] : [[String(restarts), restarts > 0 ? 'yellow' : undefined] as const]),
  ].map(([text, style]): Cell => (style === undefined ? [text as string] : [text as string, style as Style]));
}

function behindText(figures: ServiceFigures | null): string {
  return figures?.lagSeconds === undefined ? optional(figures?.waiting, number) : seconds(figures.lagSeconds);
}

function stateStyle(state: string): Style {
  if (state === 'running' || state === 'streaming') return 'green';
  return state === 'failed' ? 'red' : 'yellow';
}

/** Columns as wide as their widest cell; the first ones to the left, numbers to the right. */
function layOut(rows: readonly (readonly Cell[])[], columns: number, paint: Paint): string[] {
  const widths = HEADINGS.map((_, place) => Math.max(...rows.map((row) => row[place]?.[0].length ?? 0)));
  return rows.map((row) => {
    let left = columns;
    const parts = row.flatMap(([text, style], place) => {
      const width = widths[place] ?? 0;
      left -= width + (place === 0 ? 0 : 2);
      // Columns that do not fit are left out: half a number would be another number.
      if (left < 0) return [];
      const padded = place < LEFT_ALIGNED ? text.padEnd(width) : text.padStart(width);
      return style === undefined ? padded : paint(style, padded);
    });
    return parts.join('  ').trimEnd();
  });
}

/** The same in one line, for output that is not a terminal. */
export function renderLine(view: PipelineView): string {
  const services = view.services.map(({ name, process, figures }) => {
    const state = process === 'running' ? (figures?.state ?? 'starting') : process;
    const latency = figures?.p99 === undefined ? '' : ` p99 ${seconds(figures.p99)}`;
    const dead = (figures?.deadLetters ?? 0) > 0 ? ` dead letters ${number(figures?.deadLetters ?? 0)}` : '';
    const rate = `${optional(figures?.perSecond, number)}/s`;
    return `${name} ${state} ${rate} behind ${behindText(figures)}${latency}${dead}`;
  });
  const source = view.workload === null ? [] : [`source ${number(view.workload.perSecond)}/s`];
  return [clock(view.elapsedSeconds), ...source, ...services].join(' | ');
}

const optional = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined ? '–' : format(value);

/** `1234567` → `1 234 567`. */
function number(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ');
}

function seconds(value: number): string {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  return value < 100 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;
}

function clock(total: number): string {
  const whole = Math.floor(total);
  const pad = (part: number): string => String(part).padStart(2, '0');
  return `${pad(Math.floor(whole / 3600))}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
}
