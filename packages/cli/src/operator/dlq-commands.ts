import { isUtf8 } from 'node:buffer';
import { CAPTURE } from '@sluice/envelope';
import type { SluiceConfig } from '@sluice/runtime';
import { describeDeadLetter, isWornOut, type IndexedDeadLetter } from '@sluice/sink-kit/dead-letters';
import { audited } from './audited.ts';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { filterOf, howToBring, letterOwnerOf, sinkOf, whoIsIt, withDeadLetters } from './dead-letters.ts';
import { LETTER_FILTERS } from './options.ts';
import { plural, show, type Cell, type Screen } from './screen.ts';

const LISTED = 100;
const LISTED_MAX = 100_000;
const HEADINGS = ['ID', 'TABLE', 'KEY', 'ERROR', 'FAILED AT', 'REPLAYS', 'DECISION'];
const KEY_LENGTH = 40;

export const dlqListCommand: PipelineCommand = {
  name: 'dlq list',
  options: ['sink', ...LETTER_FILTERS, 'all', 'limit'],
  help: 'unresolved dead letters (--all: resolved ones too)',
  connects: 'kafka',
  run: dlqList,
};

async function dlqList({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const sink = letterOwnerOf(config, values);
  const limit = values.wholeNumber('limit', 1, LISTED_MAX) ?? LISTED;
  const holdsResolved = values.flag('all');
  return withDeadLetters({ config, sink, decides: false, holdsResolved }, async (admin) => {
    const letters = await admin.list(filterOf(values));
    const { depth, halt } = admin.store.index;
    const shown = letters.slice(0, limit);
    const document = { sink, depth, halt, matching: letters.length, letters: shown.map(describeDeadLetter) };
    show(screen, document, HEADINGS, shown.map(rowOf));
    screen.say(
      `${plural(depth, 'open dead letter')} of ${sink}; ${letters.length} match, ${shown.length} shown`,
    );
    const open = letters.filter(({ decision }) => decision === null);
    if (sink === CAPTURE && open.length > 0) screen.say(howToBring(open));
    if (halt !== null && halt.accepted === null) screen.say(`${sink} is halted: see sluice dlq accept`);
    return true;
  });
}

export const dlqShowCommand: PipelineCommand = {
  name: 'dlq show',
  options: ['sink', 'id'],
  help: 'one dead letter: its headers, key and value',
  connects: 'kafka',
  run: dlqShow,
};

async function dlqShow({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const sink = letterOwnerOf(config, values);
  const id = values.needed('id');
  return withDeadLetters({ config, sink, decides: false, holdsResolved: true }, async (admin) => {
    const found = await admin.show(id);
    if (found === null) throw new CommandFailed(`there is no dead letter ${id} of ${sink}`);
    const { letter, record } = found;
    const headers = Object.fromEntries([...record.headers].map(([name, bytes]) => [name, textOf(bytes)]));
    const parts = { headers, key: textOf(record.key), value: textOf(record.value) };
    const rows = [...Object.entries(headers), ['key', parts.key], ['value', parts.value]] as const;
    show(screen, { ...describeDeadLetter(letter), ...parts }, ['', ''], rows);
    return true;
  });
}

export const dlqDiscardCommand: PipelineCommand = {
  name: 'dlq discard',
  options: ['sink', ...LETTER_FILTERS, 'dry-run', 'yes', 'by', 'reason'],
  help: 'resolve dead letters without applying them',
  connects: 'kafka',
  run: dlqDiscard,
};

async function dlqDiscard(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const { values, performs } = line;
  const sink = letterOwnerOf(config, values);
  const by = whoIsIt(values);
  return withDeadLetters({ config, sink, decides: performs }, async (admin) => {
    const letters = await admin.list(filterOf(values));
    const document = { sink, dryRun: !performs, letters: letters.map(describeDeadLetter) };
    show(screen, document, HEADINGS, letters.map(rowOf));
    if (!performs) {
      screen.say(`dry run: would discard ${plural(letters.length, 'dead letter')}; --yes does it`);
      return true;
    }
    const reason = values.text('reason');
    const order = { sink, by, reason, discarded: letters.length, ids: letters.map(({ id }) => id) };
    await audited({ config, command: 'dlq discard', order, screen }, () =>
      admin.discard(letters, by, reason),
    );
    screen.say(audit('dlq discard', sink, by, { discarded: letters.length }));
    return true;
  });
}

export const dlqReleaseCommand: PipelineCommand = {
  name: 'dlq release',
  options: ['sink', 'id', 'by', 'reason'],
  help: 'send the record that blocks a strict table to the dead letters',
  connects: 'kafka',
  run: dlqRelease,
};

async function dlqRelease({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const sink = sinkOf(config, values);
  const [id, by] = [values.needed('id'), whoIsIt(values)];
  if (!/^.+-\d+-\d+$/.test(id)) throw new CommandFailed('--id must be <topic>-<partition>-<offset>');
  const reason = values.text('reason');
  await audited({ config, command: 'dlq release', order: { sink, by, reason, id }, screen }, () =>
    withDeadLetters({ config, sink, decides: true }, (admin) => admin.release(id, by, reason)),
  );
  show(screen, { sink, released: id }, [], []);
  screen.say(audit('dlq release', sink, by, { id }));
  return true;
}

export const dlqAcceptCommand: PipelineCommand = {
  name: 'dlq accept',
  options: ['sink', 'by', 'reason'],
  help: 'acknowledge DIVERSION_HALTED, so that the sink may start again',
  connects: 'kafka',
  run: dlqAccept,
};

async function dlqAccept({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const sink = sinkOf(config, values);
  const by = whoIsIt(values);
  const reason = values.text('reason') ?? 'accepted by an operator';
  const halt = await audited({ config, command: 'dlq accept', order: { sink, by, reason }, screen }, () =>
    withDeadLetters({ config, sink, decides: true }, (admin) => admin.acceptHalt(by, reason)),
  );
  if (halt === null) throw new CommandFailed(`${sink} is not halted: there is nothing to accept`);
  show(screen, { sink, halt }, [], []);
  screen.say(audit('dlq accept', sink, by, { halted: new Date(halt.at).toISOString(), code: halt.code }));
  return true;
}

/** One line that says who has done what; with the decision in Kafka it is the trail of an operator's work. */
export function audit(
  command: string,
  sink: string,
  by: string,
  counts: Readonly<Record<string, string | number>>,
): string {
  return `audit: ${JSON.stringify({ at: new Date().toISOString(), by, command, sink, ...counts })}`;
}

export function rowOf(letter: IndexedDeadLetter): readonly Cell[] {
  const { id, table, key, errorCode, failedAtMs, replays, decision } = letter;
  const shortKey = key !== null && key.length > KEY_LENGTH ? `${key.slice(0, KEY_LENGTH)}…` : key;
  const state = decision?.outcome ?? (isWornOut(letter) ? 'needs --force' : null);
  return [id, table, shortKey, errorCode, new Date(failedAtMs).toISOString(), replays, state];
}

/** Text when it is text, else base64. */
function textOf(bytes: Buffer | null): string | null {
  if (bytes === null) return null;
  return isUtf8(bytes) ? bytes.toString('utf8') : `base64:${bytes.toString('base64')}`;
}
