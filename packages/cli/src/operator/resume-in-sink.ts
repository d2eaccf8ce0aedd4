import { setTimeout as delay } from 'node:timers/promises';
import { toTableId } from '@sluice/envelope';
import { resumeSinkTable, type AnswerOf } from '@sluice/ops-api';
import { CallFailed, call, type Call } from '@sluice/ops-api/client';
import type { SluiceConfig } from '@sluice/runtime';
import { askService } from './ask-service.ts';
import { callOf, findProcesses, unseenOf } from './find-processes.ts';
import type { OptionValues } from './option-values.ts';
import { serviceOf } from './ops-url.ts';
import { pauseObeyed } from './pause-obeyed.ts';
import type { Screen } from './screen.ts';
import { isOf } from './service-line.ts';
import { liftIn } from './sink-pause.ts';
import { partitionsOf, unlookedOf, type Partition } from './table-partitions.ts';

/** For a group to be shared out, and for what was moved to be read for the first time. */
const SHARED_OUT_MS = 20_000;
const AGAIN_MS = 500;

/** What one process, or an address, did with the order. */
export interface Resumption {
  readonly service: string;
  /** Null where there is one address for the service. */
  readonly instance: string | null;
  /** Whether a pause by order was lifted. */
  readonly lifted: boolean;
  /** Changes that may be applied now. */
  readonly resumed: readonly string[];
  readonly problem: string | null;
}

export interface SinkOrder {
  readonly config: SluiceConfig;
  readonly sink: string;
  readonly values: OptionValues;
  readonly screen: Screen;
  readonly order: { readonly table: string; readonly by: string; readonly reason: string | undefined };
}

/**
 * A change that one process releases is released in all of them, also in those that come to it later. But each knows only of what waits in
 * itself: while a group is shared out a change may wait in a partition that nobody has. So as long as nobody has released anything, the order
 * is given again until every partition of the table has been looked at by its owner. What is not is a problem of the sink.
 */
export async function resumeInSink(given: SinkOrder): Promise<readonly Resumption[]> {
  const { config, sink, values, screen, order } = given;
  const table = toTableId(order.table);
  const lifted = await liftIn({ ...order, config, sink, table, screen }, 'table resume');
  if (!lifted) return untilLooked(given, table, lifted);
  // A change may stand behind the pause: it is come to when the pause has ended.
  const { problems } = await pauseObeyed({ config, sink, table, isPaused: false, values });
  const results = await untilLooked(given, table, lifted);
  return [...results, ...problems.map((problem) => problemOf(sink, lifted, problem))];
}

async function untilLooked(given: SinkOrder, table: string, lifted: boolean): Promise<readonly Resumption[]> {
  const { config, sink } = given;
  for (const until = performance.now() + SHARED_OUT_MS; ;) {
    const answers = await askAll(given);
    const results = answers.map(({ result }) => ({ ...result, lifted }));
    const isNobodyThere = answers.every(({ looked }) => looked === null);
    if (isNobodyThere || results.some(({ resumed }) => resumed.length > 0)) return results;
    const open = unlookedOf(
      await partitionsOf(config, sink, table),
      answers.flatMap(({ looked }) => looked ?? []),
    );
    if (open === null) return results;
    if (performance.now() > until) return [...results, problemOf(sink, lifted, open)];
    await delay(AGAIN_MS);
  }
}

function problemOf(sink: string, lifted: boolean, problem: string): Resumption {
  return { service: `sink-${sink}`, instance: null, lifted, resumed: [], problem };
}

interface Answer {
  readonly result: Omit<Resumption, 'lifted'>;
  /** Null where nobody answered. */
  readonly looked: readonly Partition[] | null;
}

async function askAll({ config, sink, values, order }: SinkOrder): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const { instance, where } of await placesOf(config, sink, values)) {
    const resume = (): Promise<AnswerOf<typeof resumeSinkTable>> =>
      typeof where === 'string'
        ? Promise.reject(new CallFailed('silent', where))
        : call(where, resumeSinkTable, order);
    answers.push(await answerOf(`sink-${sink}`, instance, resume));
  }
  return answers;
}

async function answerOf(
  service: string,
  instance: string | null,
  resume: () => Promise<AnswerOf<typeof resumeSinkTable>>,
): Promise<Answer> {
  try {
    const { resumed, looked = [] } = await resume();
    return { result: { service, instance, resumed, problem: null }, looked };
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    return { result: { service, instance, resumed: [], problem: error.message }, looked: null };
  }
}

interface Place {
  readonly instance: string | null;
  /** Or why nobody can be asked. */
  readonly where: Call | string;
}

/** Every process that the group knows, each by its own address or, where that is the one, by the configured one. */
async function placesOf(config: SluiceConfig, sink: string, values: OptionValues): Promise<readonly Place[]> {
  const path = ['sinks', sink];
  const configured = serviceOf(config, path, values);
  const [{ processes, nameless, members }, told] = await Promise.all([
    findProcesses(config, sink),
    askService(configured),
  ]);
  // Another service at this address is not asked: the processes have addresses of their own.
  const answering = isOf({ pipeline: config.pipeline, sink }, told) ? (told.status.instance ?? null) : null;
  const found = processes.map((process): Place => {
    const own = callOf(config, path, process, values);
    const { instance } = process;
    return { instance, where: instance === answering ? { ...own, url: configured.url } : own };
  });
  const isThere = processes.some(({ instance }) => instance === answering);
  const unfound =
    isThere || (found.length > 0 && answering === null) ? [] : [{ instance: null, where: configured }];
  const unseen = unseenOf(members.problem, nameless);
  return [...unfound, ...found, ...(unseen === null ? [] : [{ instance: null, where: unseen }])];
}
