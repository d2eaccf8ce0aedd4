import type { SluiceConfig } from '@sluice/runtime';
import type { CommandLine, PipelineCommand } from './command.ts';
import { NewFiles } from './new-files.ts';
import { importCapture } from './optional-packages.ts';
import { orphanSourceOf } from './orphan-source.ts';
import { HEADINGS, orphanCells, orphanDocument, sayFindings } from './orphan-text.ts';
import { plural, show, type Screen } from './screen.ts';
import { UsageError } from './usage-error.ts';

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

export const orphansFlashbackCommand: PipelineCommand = {
  name: 'orphans flashback',
  operands: 'FILE…',
  options: ['from', 'binlog', 'to', 'sql-file'],
  several: ['binlog'],
  help: 'write SQL that takes them back on the old master, so that it can be a replica of the new one',
  connects: 'everything',
  run: flashback,
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
  const { leftOut, ...findings } = await NewFiles.during(async (files) =>
    dumpOrphans(source, {
      envelopes: envelopes === undefined ? null : files.open('output-file', envelopes),
      sql: sql === undefined ? null : files.open('sql-file', sql),
    }),
  );
  show(screen, { ...findings, leftOut }, [], []);
  if (leftOut > 0 && envelopes !== undefined)
    screen.say(
      `${plural(leftOut, 'row')} of tables that are not captured have no envelope; --sql-file has them`,
    );
  sayFindings(findings, [], screen);
  return true;
}

async function flashback(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const source = orphanSourceOf(line, config);
  const path = line.values.needed('sql-file');
  const { flashbackOrphans } = await importCapture(() => import('@sluice/capture/orphans'));
  const findings = await NewFiles.during((files) =>
    flashbackOrphans(source, () => files.open('sql-file', path)),
  );
  show(screen, findings, [], []);
  sayFindings(findings, [], screen);
  screen.say(`${path} takes them back on the old master: mysql --binary-mode < ${path}`);
  return true;
}
