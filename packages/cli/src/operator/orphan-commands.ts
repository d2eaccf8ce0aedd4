import { closeSync, openSync, writeSync } from 'node:fs';
import type { SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { importCapture } from './optional-packages.ts';
import { orphanSourceOf } from './orphan-source.ts';
import { HEADINGS, orphanCells, orphanDocument, sayFindings } from './orphan-text.ts';
import { plural, show, type Screen } from './screen.ts';
import { UsageError } from './usage-error.ts';

/** Only who runs the command may read what it writes of rows. */
const OWN_FILE = 0o600;

export const orphansListCommand: PipelineCommand = {
  name: 'orphans list',
  operands: 'FILE…',
  options: ['from', 'binlog', 'to'],
  several: ['binlog'],
  formats: ['ndjson'],
  help: 'transactions of an old master that the new one never had; changes nothing',
  connects: 'everything',
  run: list,
};

export const orphansDumpCommand: PipelineCommand = {
  name: 'orphans dump',
  operands: 'FILE…',
  options: ['from', 'binlog', 'to', 'output-file', 'sql-file'],
  several: ['binlog'],
  help: 'write them as envelopes (--output-file) and as SQL (--sql-file); changes nothing',
  connects: 'everything',
  run: dump,
};

async function list(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const source = orphanSourceOf(line, config);
  const { listOrphans } = await importCapture(() => import('@sluice/capture/orphans'));
  const { orphans, ...findings } = await listOrphans(source);
  const documents = orphans.map(orphanDocument);
  if (line.output === 'ndjson')
    for (const document of documents) screen.output.write(`${JSON.stringify(document)}\n`);
  else show(screen, { ...findings, orphans: documents }, HEADINGS, orphans.map(orphanCells));
  sayFindings(
    findings,
    orphans.flatMap(({ statements }) => statements),
    screen,
  );
  return true;
}

async function dump(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const source = orphanSourceOf(line, config);
  const [envelopes, sql] = [line.values.text('output-file'), line.values.text('sql-file')];
  if (envelopes === undefined && sql === undefined)
    throw new UsageError('--output-file for envelopes or --sql-file for SQL is needed');
  const { dumpOrphans } = await importCapture(() => import('@sluice/capture/orphans'));
  const files = new NewFiles();
  const { leftOut, ...findings } = await dumpOrphans(source, {
    envelopes: envelopes === undefined ? null : files.open('output-file', envelopes),
    sql: sql === undefined ? null : files.open('sql-file', sql),
  }).finally(() => files.close());
  show(screen, { ...findings, leftOut }, [], []);
  if (leftOut > 0 && envelopes !== undefined)
    screen.say(
      `${plural(leftOut, 'row')} of tables that are not captured have no envelope; --sql-file has them`,
    );
  sayFindings(findings, [], screen);
  return true;
}

/** Files that the command makes, closed at its end. */
export class NewFiles {
  readonly #open: number[] = [];

  /** Throws CommandFailed when the file is there already, or cannot be written. */
  open(option: string, path: string): (text: string) => void {
    try {
      const file = openSync(path, 'wx', OWN_FILE);
      this.#open.push(file);
      return (text) => void writeSync(file, text);
    } catch (error) {
      const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
      const why = isThere ? 'is there already: name a new file' : 'cannot be written';
      throw new CommandFailed(`--${option}: ${path} ${why}`, { cause: error });
    }
  }

  close(): void {
    for (const file of this.#open) closeSync(file);
  }
}
