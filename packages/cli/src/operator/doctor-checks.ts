import { heartbeatTopic } from '@sluice/envelope';
import { TopicReader } from '@sluice/kafka';
import { clockProblem, createLogger, type SluiceConfig } from '@sluice/runtime';
import type { ExamineStore } from '@sluice/sink-kit';
import { importPart } from '@sluice/sink-kit/installed';
import { CommandFailed } from './command-failed.ts';
import { note, ok, problem, unknown, wrong, type Finding } from './findings.ts';
import { importCapture } from './optional-packages.ts';
import { plural } from './screen.ts';
import { isWell, remarksOf, type ServiceAnswer } from './service-line.ts';

const PATIENCE_MS = 60_000;
const KAFKA_MS = 10_000;

/** Whether each process answers, and is well in its own words. */
export function serviceFindings(answers: readonly ServiceAnswer[]): readonly Finding[] {
  return answers.flatMap((answer) => {
    const { service } = answer;
    return isWell(answer) ? [ok('services', `${service} is ready`)] : notWell(answer);
  });
}

function notWell(answer: ServiceAnswer): readonly Finding[] {
  const { service, ready, status } = answer;
  const remarks = remarksOf(answer);
  const letters = status?.records?.openDeadLetters ?? 0;
  const only =
    ready && letters > 0
      ? `${service} has ${plural(letters, 'open dead letter')}`
      : `${service} is not ready, or does not answer`;
  const found = remarks.length === 0 ? [only] : remarks;
  const fix = `sluice status, and the log of ${service}`;
  const required = 'a service that is well';
  return found.map((remark) => wrong('services', { found: remark, required, fix }));
}

export async function sourceFindings(config: SluiceConfig): Promise<readonly Finding[]> {
  const { examineSource } = await importCapture(() => import('@sluice/capture/doctor'));
  const { problems, facts, untold, unseen } = await examineSource(config);
  return [
    ...facts.map((fact) => ok('source', fact)),
    ...untold.map((what) => note('source', what, null)),
    ...unseen.map(({ what, fix }) => unknown('source', what, fix)),
    ...problems.map((each) => problem('source', each)),
  ];
}

/** Grants, variables, topics and their settings: what a start of capture would refuse. */
export async function captureFindings(config: SluiceConfig): Promise<readonly Finding[]> {
  const { planCapture } = await importCapture(() => import('@sluice/capture/plan'));
  const { problems, warnings, tables, topics } = await planCapture(config, AbortSignal.timeout(PATIENCE_MS));
  const missing = topics.filter(({ exists }) => !exists).length;
  return [
    ok(
      'capture',
      `${plural(tables.length, 'table')}, ${plural(topics.length, 'topic')}, ${missing} of them to be made`,
    ),
    ...problems.map((each) => problem('capture', each)),
    ...warnings.map((warning) => note('capture', warning, 'sluice plan')),
  ];
}

/** By the heartbeats of capture: their commits are stamped by the broker. */
export async function kafkaFindings(config: SluiceConfig): Promise<readonly Finding[]> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const reader = new TopicReader({ kafka: config.kafka, signal, recoveryMs: KAFKA_MS });
  try {
    const delays = await reader.commitDelays(heartbeatTopic(config.topics.prefix));
    if (delays.length === 0)
      return [
        unknown(
          'kafka',
          'capture has written no heartbeat: its clock is not known',
          'start capture: it writes one every second',
        ),
      ];
    const aheadMs = Math.min(...delays);
    const found = clockProblem({ of: 'Kafka', aheadMs, than: "capture's" });
    return found === null
      ? [ok('kafka', `clock ${(aheadMs / 1000).toFixed(2)} s from capture’s, a commit included`)]
      : [problem('kafka', found)];
  } finally {
    reader.close();
  }
}

export async function storeFindings(sink: string, config: SluiceConfig): Promise<readonly Finding[]> {
  const area = `sink-${sink}`;
  const part = await importPart<{ readonly examineStore: ExamineStore }>(sink, './doctor', config);
  if (part === null)
    throw new CommandFailed(
      `the package of sink ${sink} is not installed beside sluice, or cannot look at its store`,
      { fix: 'run the command where the sink runs' },
    );
  const [signal, log] = [AbortSignal.timeout(PATIENCE_MS), createLogger('sluice', { level: 'silent' })];
  const problems = await part.examineStore({ config, sink, signal, log });
  return problems.length === 0
    ? [ok(area, 'login, rights and server')]
    : problems.map((each) => problem(area, each));
}
