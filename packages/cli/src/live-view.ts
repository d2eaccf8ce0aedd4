import { styleText } from 'node:util';
import type { ServiceFigures } from './service-reading.ts';

export interface ServiceView {
  readonly name: string;
  /** Of the process: running, waiting (to be started again), failed, stopped. */
  readonly process: string;
  readonly restarts: number;
  readonly figures: ServiceFigures | null;
  readonly opsUrl: string;
  readonly metricsUrl: string;
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
}

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red';
type Paint = (style: Style, text: string) => string;
type Cell = readonly [text: string, style?: Style];

const HEADINGS = ['service', 'state', 'rows/s', 'rows', 'behind', 'p50', 'p99', 'dead', 'restarts'];
const LEFT_ALIGNED = 2;

/** The whole screen as lines, none wider than `columns`. */
export function renderView(view: PipelineView, options: { columns: number; color: boolean }): string[] {
  const paint: Paint = (style, text) =>
    options.color ? styleText(style, text, { validateStream: false }) : text;
  const plainRows = [HEADINGS.map((text): Cell => [text, 'dim']), ...view.services.map(serviceCells)];
  const rows = layOut(plainRows, options.columns, paint);
  const fit = (text: string, style?: Style): string => {
    const cut = text.length > options.columns ? `${text.slice(0, options.columns - 1)}…` : text;
    return style === undefined ? cut : paint(style, cut);
  };
  return [
    fit(`${view.title}  ${clock(view.elapsedSeconds)}`, 'bold'),
    fit(workloadLine(view.workload)),
    '',
    ...rows,
    '',
    ...view.places.map(([name, address]) => fit(`${name.padEnd(14)} ${address}`)),
    ...view.services.map(({ name, opsUrl, metricsUrl }) => fit(pagesLine(name, opsUrl, metricsUrl))),
    '',
    ...view.events.map((event) => fit(event, 'dim')),
    fit('Ctrl-C stops everything.', 'dim'),
  ];
}

const pagesLine = (name: string, ops: string, metrics: string): string =>
  `${name.padEnd(18)} ${ops}/status  ${metrics}/metrics`;

function workloadLine(workload: PipelineView['workload']): string {
  if (workload === null) return '';
  const { perSecond, changes, transactions } = workload;
  return `source: ${number(perSecond)} row changes/s, ${number(changes)} in ${number(transactions)} transactions`;
}

function serviceCells({ name, process, restarts, figures }: ServiceView): Cell[] {
  const state = process === 'running' ? (figures?.state ?? 'starting') : process;
  const behind =
    figures?.lagSeconds === undefined ? optional(figures?.waiting, number) : seconds(figures.lagSeconds);
  const dead = figures?.deadLetters;
  return [
    [name],
    [state, stateStyle(state)],
    [optional(figures?.perSecond, number)],
    [optional(figures?.records, number)],
    [behind],
    [optional(figures?.p50, seconds)],
    [optional(figures?.p99, seconds)],
    [optional(dead, number), dead !== undefined && dead > 0 ? 'red' : undefined],
    [String(restarts), restarts > 0 ? 'yellow' : undefined],
  ].map(([text, style]): Cell => (style === undefined ? [text as string] : [text as string, style as Style]));
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
    return `${name} ${state} ${optional(figures?.perSecond, number)}/s${latency}${dead}`;
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
