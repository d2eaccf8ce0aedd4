import type { Health } from '@sluice/ops-api';
import type { ServiceStatus, Told } from './ask-service.ts';
import { fellowRemarks, fellowsOf, roleOf } from './capture-fellows.ts';
import { age } from './age.ts';
import type { Cell } from './screen.ts';
import type { Asked } from './sink-processes.ts';

type ToldTrouble = NonNullable<ServiceStatus['lastError']>;

/** What Kafka knows of a service that does not answer; null where Kafka does not answer either. */
export interface KnownByKafka {
  readonly records: number | null;
  readonly lost: number;
  readonly deadLetters: number | null;
  /** Processes in the sink's consumer group; null also for capture, which has none. */
  readonly members: number | null;
}

/**
 * `silent`: nobody answers. `stopped`: nor is there a process in the sink's group. `refused`: the service does not answer this question of
 * ours. `foreign`: what answers is no service of Sluice. `stranger`: it is another service than the one that was looked for.
 */
export type Answers = 'yes' | 'silent' | 'stopped' | 'refused' | 'foreign' | 'stranger';

export interface ServiceAnswer {
  readonly service: string;
  /** The process that answers, or that was looked for; null while it is not known. */
  readonly instance: string | null;
  readonly url: string;
  readonly answers: Answers;
  /** Why it is not `yes`, for people. */
  readonly detail: string | null;
  readonly ready: boolean;
  readonly status: ServiceStatus | null;
  readonly health: Health | null;
  /** Who answers at this address instead. */
  readonly stranger: string | null;
  readonly kafka: KnownByKafka | null;
  /** Which other processes of the service were not looked for, or not found; null when it is all of them. */
  readonly unseen: string | null;
}

export const HEADINGS = [
  'SERVICE',
  'READY',
  'STATE',
  'ROLE',
  'BEHIND',
  'DEAD LETTERS',
  'PAUSED',
  'ALERTS',
  'LAST ERROR',
  'PROCESS',
];

/**
 * Ready, every component is ok, no record waits as a dead letter, no other capture of the pipeline is in trouble, and no process was left out. What
 * is not known is not well.
 */
export function isWell({ ready, status, health, unseen }: ServiceAnswer): boolean {
  const areFellowsWell = fellowsOf(status).every(({ one }) => one.isWell);
  const isAllWell = ready && health?.status === 'ok' && unseen === null;
  return isAllWell && status?.records?.openDeadLetters === 0 && areFellowsWell;
}

/** A service of a pipeline; `sink` is null for capture. */
export interface Sought {
  readonly pipeline: string;
  readonly sink: string | null;
}

const nameOf = ({ sink }: Sought): string => (sink === null ? 'capture' : `sink-${sink}`);

/** Who answers instead of the service that was looked for; null when it is that one. Older ones of a sink tell it by their group. */
export function strangerOf(body: ServiceStatus, sought: Sought): string | null {
  const { pipeline, sink } = sought;
  const named = body.pipeline ?? body.group?.replace(/\.[^.]*$/, '');
  if (named === undefined) return 'something that does not say what it is';
  const service = body.service ?? (body.group === undefined ? 'capture' : `sink-${lastPart(body.group)}`);
  if (named !== pipeline) return `${service} of pipeline ${named}`;
  if (service !== nameOf(sought)) return `${service} of this pipeline`;
  return sink === null || body.group === `${pipeline}.${sink}` ? null : `${service} of this pipeline`;
}

/** Whether the service that was looked for has answered. */
export function isOf(sought: Sought, told: Told): told is Extract<Told, { kind: 'told' }> {
  return told.kind === 'told' && strangerOf(told.status, sought) === null;
}

const lastPart = (group: string): string => group.slice(group.lastIndexOf('.') + 1);

/** The line of one process. `kafka`: asked where nobody answers. `unseen`: see `ServiceAnswer`. */
export function answerOf(
  sought: Sought,
  asked: Asked,
  kafka: KnownByKafka | null,
  unseen: string | null = null,
): ServiceAnswer {
  const { url, expected, told } = asked;
  const nobody = {
    service: nameOf(sought),
    instance: expected,
    url,
    detail: null,
    ready: false,
    status: null,
    health: null,
    stranger: null,
    kafka: null,
    unseen,
  };
  if (told.kind === 'silent') {
    const isStopped = kafka?.members === 0;
    return { ...nobody, answers: isStopped ? 'stopped' : 'silent', detail: told.detail, kafka };
  }
  if (told.kind !== 'told') return { ...nobody, answers: told.kind, detail: told.detail };
  const { status, health, ready } = told;
  const { instance = null } = status;
  const other = expected !== null && instance !== expected ? `process ${instance ?? 'unknown'}` : null;
  const stranger = strangerOf(status, sought) ?? other;
  if (stranger !== null) return { ...nobody, answers: 'stranger', detail: stranger, stranger };
  return { ...nobody, instance, answers: 'yes', ready, status, health };
}

/** @param nowMs milliseconds since 1970 */
export function rowOf(answer: ServiceAnswer, nowMs: number): readonly Cell[] {
  const { service, instance, ready, status, kafka } = answer;
  if (status === null) {
    const { records = null, deadLetters = null } = kafka ?? {};
    return [service, 'no', absence(answer), null, records, deadLetters, null, null, null, instance];
  }
  const { state, phase, paused, refused, ddl, lastError } = status;
  return [
    service,
    ready ? 'yes' : 'no',
    state ?? phase ?? null,
    roleOf(status, nowMs),
    behind(status),
    status.records?.openDeadLetters ?? null,
    paused?.length ?? refused?.length ?? null,
    ddl?.unacknowledged ?? null,
    errorText(lastError ?? null, nowMs),
    instance,
  ];
}

function absence({ answers, url, stranger }: ServiceAnswer): string {
  if (answers === 'stopped') return 'stopped';
  if (answers === 'refused') return `answers at ${url}, but refuses`;
  if (answers === 'foreign') return `not Sluice at ${url}`;
  return answers === 'stranger' ? `at ${url} answers ${stranger ?? 'another'}` : `no answer at ${url}`;
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

/** A line for everything that is not well, the services' own words. */
export function remarksOf(answer: ServiceAnswer): readonly string[] {
  const { service, status, health, kafka } = answer;
  const of = (text: string): string => `${service}: ${text}`;
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
  const fellows = fellowRemarks(status).map(of);
  const letters =
    status !== null && typeof status.records?.openDeadLetters !== 'number'
      ? [of('dead letters: not known')]
      : [];
  const others = answer.unseen === null ? [] : [of(answer.unseen)];
  const told = [...components, ...gap, ...silent, ...letters, ...last];
  return [...absenceRemarks(answer).map(of), ...told, ...fellows, ...others];
}

function absenceRemarks({ answers, instance, url, detail, kafka }: ServiceAnswer): readonly string[] {
  const members = kafka?.members ?? 0;
  if (answers === 'silent' && instance !== null)
    return [
      `process ${instance} is in the consumer group and does not answer: it hangs, or was killed a moment ago`,
    ];
  if (answers === 'stopped') return ['no process of it runs: its consumer group has no member'];
  if (answers === 'silent' && members > 0)
    return [
      `a process of it runs (its consumer group has ${members}), but ${url} is not its address: see ops`,
    ];
  if (answers === 'stranger')
    return [`${url} is the address of ${detail ?? 'another'}: see \`ops\` in the files of both`];
  return answers === 'refused' || answers === 'foreign' ? [detail ?? answers] : [];
}
