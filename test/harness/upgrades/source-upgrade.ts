import { readFile, writeFile } from 'node:fs/promises';
import { runbookOf } from '../drills/runbook.ts';
import { eventually } from '../eventually.ts';
import type { PipelineProcess } from '../pipelines/sink-pipeline.ts';
import { sluice } from '../processes/sluice-command.ts';

const PAGE = 'upgrading.md';

/** A sluice.yaml in which each of these services has its own port, as on hosts of their own. */
export async function fileOfAll(services: readonly PipelineProcess[]): Promise<string> {
  const [first] = services;
  const file = `${first?.configFile ?? ''}.all.yaml`;
  const config = JSON.parse(await readFile(first?.configFile ?? '', 'utf8')) as {
    readonly sinks: Readonly<Record<string, object>>;
  };
  const ops = new Map(
    services.map(({ name, opsUrl }) => [name as string, { ops: { port: Number(new URL(opsUrl).port) } }]),
  );
  const sinks: Record<string, object> = {};
  for (const [name, section] of Object.entries(config.sinks)) {
    const own = ops.get(`sink-${name}`);
    if (own !== undefined) sinks[name] = { ...section, ...own };
  }
  await writeFile(file, JSON.stringify({ ...config, capture: ops.get('capture'), sinks }));
  return file;
}

export interface SourceUpgrade {
  /** Of all services. */
  readonly configFile: string;
  /** What stands in the place of the words in capitals. */
  readonly words: Readonly<Record<string, string>>;
  /** What is done for a line that is no command of Sluice. */
  readonly deeds?: Readonly<Record<string, () => Promise<unknown>>>;
}

/** Carries out the commands of a section of docs/upgrading.md. Throws when one does not end with 0. */
export async function playSourceUpgrade(
  title: string,
  { configFile, words, deeds = {} }: SourceUpgrade,
): Promise<void> {
  for (const line of runbookOf(title, PAGE)) {
    const begun = performance.now();
    const deed = deeds[line];
    if (deed !== undefined) await deed();
    else if (line === 'sluice doctor') await eventually(line, () => commanded(configFile, ['doctor']));
    else await commanded(configFile, filledIn(line, words));
    process.stderr.write(`${line}: ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
  }
}

function filledIn(line: string, words: SourceUpgrade['words']): readonly string[] {
  const [program, ...rest] = line.split(' ');
  if (program !== 'sluice') throw new RangeError(`nobody has said how to carry out: ${line}`);
  return rest.map((word) => words[word] ?? word);
}

async function commanded(configFile: string, line: readonly string[]): Promise<true> {
  const [verb = '', ...rest] = line;
  const { code, said, document } = await sluice(configFile, verb, ...rest);
  if (code !== 0)
    throw new Error(`${line.join(' ')} has ended with ${code}: ${said}\n${JSON.stringify(document)}`);
  return true;
}
