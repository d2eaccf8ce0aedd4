import type { AnswerOf, captureStatus, Health, sinkStatus } from '@sluice/ops-api';
import type { Cell } from './screen.ts';

type Capture = AnswerOf<typeof captureStatus>;
type Sink = AnswerOf<typeof sinkStatus>;

/** What a line shows: of capture, and of sinks. */
export type ServiceStatus = Pick<
  Capture,
  'pipeline' | 'state' | 'behindSeconds' | 'records' | 'refused' | 'ddl' | 'lastError'
> &
  Pick<Sink, 'group' | 'phase' | 'lag' | 'paused'>;

type ToldTrouble = NonNullable<Capture['lastError']>;

/** What Kafka knows of a service that does not answer; null where Kafka does not answer either. */
export interface KnownByKafka {
  readonly records: number | null;
  readonly lost: number;
  readonly deadLetters: number | null;
}

export interface ServiceAnswer {
  readonly service: string;
  readonly url: string;
  readonly ready: boolean;
  /** Null when nobody answers, or a service of another pipeline. */
  readonly status: ServiceStatus | null;
  readonly health: Health | null;
  /** The pipeline whose service answers at this address instead. */
  readonly stranger: string | null;
  readonly kafka: KnownByKafka | null;
}

export const HEADINGS = [
  'SERVICE',
  'READY',
  'STATE',
  'BEHIND',
  'DEAD LETTERS',
  'PAUSED',
  'ALERTS',
  'LAST ERROR',
];

/** Ready, every component is ok, and no record waits as a dead letter. */
export function isWell({ ready, status, health }: ServiceAnswer): boolean {
  return ready && health?.status === 'ok' && (status?.records?.openDeadLetters ?? 0) === 0;
}

/** Which pipeline a service says that it is of; null when it is this one's. Older ones of a sink tell it by their group. */
export function strangerOf(body: ServiceStatus, pipeline: string, sink: string | null): string | null {
  const named = body.pipeline ?? body.group?.replace(/\.[^.]*$/, '') ?? 'unknown';
  if (named !== pipeline) return named;
  return sink === null || body.group === `${pipeline}.${sink}` ? null : (body.group ?? 'unknown');
}

/** @param nowMs milliseconds since 1970 */
export function rowOf(answer: ServiceAnswer, nowMs: number): readonly Cell[] {
  const { service, url, ready, status, stranger, kafka } = answer;
  if (stranger !== null)
    return [service, 'no', `at ${url} answers ${stranger}`, null, null, null, null, null];
  if (status === null) {
    const { records = null, deadLetters = null } = kafka ?? {};
    return [service, 'no', `no answer at ${url}`, records, deadLetters, null, null, null];
  }
  const { state, phase, paused, refused, ddl, lastError } = status;
  return [
    service,
    ready ? 'yes' : 'no',
    state ?? phase ?? null,
    behind(status),
    status.records?.openDeadLetters ?? null,
    paused?.length ?? refused?.length ?? null,
    ddl?.unacknowledged ?? null,
    errorText(lastError ?? null, nowMs),
  ];
}

/** Seconds for capture, records for a sink; null (shown as `-`) while it is not known. */
function behind({ behindSeconds, lag }: ServiceStatus): Cell {
  if (lag !== undefined) return lag.records ?? null;
  return typeof behindSeconds === 'number' ? `${behindSeconds.toFixed(0)} s` : null;
}

function errorText(error: ToldTrouble | null, nowMs: number): Cell {
  if (error === null) return null;
  const { code, since, resolvedAt } = error;
  if (resolvedAt === null) return `${code} for ${age(since, nowMs)}`;
  return `${code}, over since ${age(resolvedAt, nowMs)}`;
}

/** `42s`, `7m`, `3h`, `2d` */
function age(since: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** A line for everything that is not well, the services' own words. */
export function remarksOf(answer: ServiceAnswer): readonly string[] {
  const { service, status, health, stranger, kafka } = answer;
  const of = (text: string): string => `${service}: ${text}`;
  if (stranger !== null)
    return [of(`another service (${stranger}) has its address: see \`ops\` in both files`)];
  const components = Object.entries(health?.components ?? {})
    .filter(([, { status: now }]) => now !== 'ok')
    .map(([name, { status: now, detail }]) =>
      of(`${name} is ${now}${detail === undefined ? '' : `: ${detail}`}`),
    );
  const lost = kafka?.lost ?? 0;
  const gap = lost === 0 ? [] : [of(`${lost} records were deleted from Kafka before it had read them`)];
  const unknown = service !== 'capture' && kafka !== null && kafka.records === null;
  const silent = unknown ? [of('lag unknown: Kafka does not answer')] : [];
  const error = status?.lastError;
  const last = error?.resolvedAt === null ? [of(`${error.code}: ${error.message}`)] : [];
  return [...components, ...gap, ...silent, ...last];
}
