import { groupActive, groupMembers, groupPositions, kafkaClient, listTopics, moveGroup } from '@sluice/kafka';
import { createLogger, type SluiceConfig } from '@sluice/runtime';
import type { DeadLetterStore } from '@sluice/sink-kit/dead-letters';
import { UsageError } from './usage-error.ts';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { audited } from './audited.ts';
import { audit } from './dlq-commands.ts';
import { sinkOf, whoIsIt, withDeadLetters } from './dead-letters.ts';
import { INSTANT_FORMS, type OptionValues } from './option-values.ts';
import { planRewind, recordsOf, type RewindPlan, type RewindTarget } from './rewind-plan.ts';
import { show, type Screen } from './screen.ts';
import { topicsOfSink } from './sink-topics.ts';

const PARTITIONS_MAX = 1_000_000;
const HEADINGS = ['TOPIC', 'PARTITION', 'FROM', 'TO', 'RECORDS'];

type Kafka = ReturnType<typeof kafkaClient>;

export const sinkRewindCommand: PipelineCommand = {
  name: 'sink rewind',
  options: ['sink', 'to', 'topic', 'partition', 'dry-run', 'yes', 'accept-gap', 'by'],
  help: 'move a sink back to earlier records; the sink must be stopped',
  connects: 'kafka',
  run: sinkRewind,
};

/**
 * Leaves an order for a sink that keeps offsets in its store, which obeys at its next start before it reads anything, and sets the
 * group's offsets back. Refused while the group has members.
 */
async function sinkRewind(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const { values, performs } = line;
  const sink = sinkOf(config, values);
  const group = `${config.pipeline}.${sink}`;
  const target = targetOf(values);
  const kafka = kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' }));
  const [member] = await groupMembers(kafka, group);
  if (member !== undefined && performs) throw groupActive(group);
  const plan = await planFor(kafka, config, sink, target, values);
  showPlan(plan, sink, performs, screen);
  if (plan.refused.length > 0) throw new CommandFailed(refusalOf(plan));
  if (!performs) {
    if (member !== undefined)
      screen.say(`${sink} is running (${member.clientId} at ${member.host}): stop it first`);
    screen.say(`dry run: would read ${recordsOf(plan.moves)} records again; --yes does it`);
    return true;
  }
  if (plan.moves.length === 0) {
    screen.say('nothing to rewind');
    return true;
  }
  const by = whoIsIt(values);
  const acceptGap = values.flag('accept-gap');
  const order = { sink, by, to: values.needed('to'), acceptGap, partitions: plan.moves.length };
  await audited({ config, command: 'sink rewind', order, screen }, async () => {
    await withDeadLetters({ config, sink, decides: true }, async ({ store }) => {
      // Before the group moves: broken off in between, the command that is given again finds the gap and the moves as they were.
      await leaveOrders(store, plan, acceptGap, by);
      try {
        await moveGroup(
          config.kafka,
          group,
          plan.moves.map(({ topic, partition, to }) => ({ topic, partition, offset: to })),
        );
      } catch (error) {
        await takeBack(store, plan);
        throw error;
      }
    });
  });
  const records = String(recordsOf(plan.moves));
  screen.say(
    audit('sink rewind', sink, by, { to: values.needed('to'), partitions: plan.moves.length, records }),
  );
  return true;
}

async function leaveOrders(
  store: DeadLetterStore,
  { moves }: RewindPlan,
  acceptGap: boolean,
  by: string,
): Promise<void> {
  for (const { topic, partition, to, overGap } of moves) {
    if (overGap) {
      const value = { at: Date.now(), from: String(to), jobs: {}, whole: [] };
      await store.decide({ kind: 'incomplete', topic, partition, value });
    }
    const value = { at: Date.now(), by, offset: String(to), acceptGap };
    await store.decide({ kind: 'rewind', topic, partition, value });
  }
}

/** Of a group that was not moved. That a table lacks records of the gap is true all the same. */
async function takeBack(store: DeadLetterStore, { moves }: RewindPlan): Promise<void> {
  for (const { topic, partition } of moves)
    await store.decide({ kind: 'rewind', topic, partition, value: null });
}

async function planFor(
  kafka: Kafka,
  config: SluiceConfig,
  sink: string,
  target: RewindTarget,
  values: OptionValues,
): Promise<RewindPlan> {
  const topic = values.text('topic');
  const partition = values.wholeNumber('partition', 0, PARTITIONS_MAX);
  const { prefix } = config.topics;
  const isRead = topicsOfSink(config, sink);
  const topics = await listTopics(kafka, (name) => isRead(name) && (topic ?? name) === name);
  if (topics.length === 0) {
    throw new CommandFailed(
      topic === undefined ? `there is no topic of ${prefix} yet` : `there is no data topic ${topic}`,
    );
  }
  const group = `${config.pipeline}.${sink}`;
  const positions = await groupPositions(kafka, group, topics, target.kind === 'time' ? target.atMs : null);
  const chosen = positions.filter((position) => partition === undefined || position.partition === partition);
  if (chosen.length === 0) throw new CommandFailed(`${topics.join(', ')} has no partition ${partition}`);
  return planRewind(chosen, target, values.flag('accept-gap'));
}

function targetOf(values: OptionValues): RewindTarget {
  const to = values.needed('to');
  if (to === 'beginning') return { kind: 'beginning' };
  if (/^\d+$/.test(to)) {
    if (values.text('topic') === undefined || values.text('partition') === undefined)
      throw new UsageError('an offset is one partition’s: name it by --topic and --partition');
    return { kind: 'offset', offset: BigInt(to) };
  }
  try {
    return { kind: 'time', atMs: values.instant('to') ?? Number.NaN };
  } catch {
    throw new UsageError(`--to is "${to}", but must be beginning, an offset, or ${INSTANT_FORMS}`);
  }
}

function showPlan(plan: RewindPlan, sink: string, performs: boolean, screen: Screen): void {
  const moves = plan.moves.map((move) => ({
    topic: move.topic,
    partition: move.partition,
    from: move.from === null ? null : String(move.from),
    to: String(move.to),
    records: String(recordsOf([move])),
  }));
  const rows = moves.map((move) => [move.topic, move.partition, move.from, move.to, move.records]);
  show(screen, { sink, dryRun: !performs, moves, refused: plan.refused }, HEADINGS, rows);
}

function refusalOf({ refused }: RewindPlan): string {
  const [first] = refused;
  const others = refused.length > 1 ? ` (and ${refused.length - 1} partitions more)` : '';
  return `${first?.topic}[${first?.partition}]: ${first?.reason}${others}; nothing was moved`;
}
