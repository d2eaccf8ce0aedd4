import { readFile } from 'node:fs/promises';
import type { OrphanSource, Reapplied } from '@sluice/capture/orphans';
import { tableIdOf } from '@sluice/envelope';
import type { SluiceConfig } from '@sluice/runtime';
import { audited } from './audited.ts';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, Done, PipelineCommand } from './command.ts';
import { whoIsIt } from './dead-letters.ts';
import { NewFiles } from './new-files.ts';
import type { OptionValues } from './option-values.ts';
import { importCapture } from './optional-packages.ts';
import { orphanSourceOf } from './orphan-source.ts';
import { sayFindings } from './orphan-text.ts';
import { plural, show, type Screen } from './screen.ts';
import { loginOf } from './writer-login.ts';

const HEADINGS = ['TABLE', 'KEY', 'GTID', 'WHY'];

export const orphansReapplyCommand: PipelineCommand = {
  name: 'orphans reapply',
  operands: 'FILE…',
  options: ['from', 'binlog', 'to', 'apply', 'decide', 'output-file', 'user', 'password-file', 'by'],
  several: ['binlog'],
  exits: '3 rows wait for a decision',
  help: 'put them on the new master where its rows still are what they found; says only what it would do without --apply',
  connects: 'everything',
  run: reapply,
};

/** `different` when rows are in conflict. */
async function reapply(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<Done> {
  const { values } = line;
  const source = orphanSourceOf(line, config);
  const { readDecisions, reapplyOrphans } = await importCapture(() => import('@sluice/capture/orphans'));
  const decisions = await decisionsOf(values, readDecisions);
  const login = await loginOf(values);
  const isApplied = values.flag('apply');
  const output = values.text('output-file');
  return NewFiles.during(async (files) => {
    const write = output === undefined ? null : files.open('output-file', output);
    const work = (): Promise<Reapplied> => reapplyOrphans(source, { isApplied, login, decisions });
    const done = isApplied
      ? await audited(orderOf(source, decisions.size, values, config, screen), work)
      : await work();
    for (const conflict of done.conflicts) write?.(`${JSON.stringify(conflict)}\n`);
    tell(done, screen);
    return done.conflicts.length > 0 ? 'different' : true;
  });
}

function orderOf(
  { from, files }: OrphanSource,
  decisions: number,
  values: OptionValues,
  config: SluiceConfig,
  screen: Screen,
): Parameters<typeof audited>[0] {
  const origin = from === null ? files : `${from.host}:${from.port}`;
  return {
    config,
    command: 'orphans reapply',
    order: { by: whoIsIt(values), from: origin, decisions },
    screen,
  };
}

async function decisionsOf<T>(values: OptionValues, read: (text: string) => T): Promise<T> {
  const file = values.text('decide');
  if (file === undefined) return read('');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandFailed(`--decide: ${file} cannot be read`, { cause: error });
  });
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandFailed(`--decide: ${file}: ${error.message}`, { cause: error });
  }
}

function tell(done: Reapplied, screen: Screen): void {
  const { conflicts, applied, already, decided, isApplied } = done;
  show(
    screen,
    done,
    HEADINGS,
    conflicts.map(({ key, gtids, why, ...table }) => [
      tableIdOf(table),
      JSON.stringify(key),
      gtids.join(' '),
      why,
    ]),
  );
  sayFindings(done, [], screen);
  const would = isApplied ? '' : 'dry run: would be ';
  screen.say(
    `${would}${plural(applied, 'change')} applied; ${already} there already; of the decided rows ${decided.theirs} theirs, ${decided.ours} ours; ${plural(conflicts.length, 'row')} in conflict${isApplied ? '' : '; --apply does it, and what keys and checks refuse is seen then'}`,
  );
}
