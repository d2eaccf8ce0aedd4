import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { takeHeapSnapshot } from '@sluice/ops-api';
import { download, type Call } from '@sluice/ops-api/client';
import type { SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { whoIsIt } from './dead-letters.ts';
import { callOf, findProcesses } from './find-processes.ts';
import { sectionOf } from './named-service.ts';
import { serviceOf } from './ops-url.ts';
import { SERVICE_OPTIONS } from './options.ts';
import type { Screen } from './screen.ts';

export const heapCommand: PipelineCommand = {
  name: 'heap',
  options: ['output-file', 'process', ...SERVICE_OPTIONS, 'by'],
  operands: 'SERVICE',
  help: 'a heap snapshot of capture or a sink, into a file for the memory viewer of Chrome or VS Code; it holds rows and secrets',
  connects: 'kafka',
  run: heap,
};

/** The service stands still while its heap is written. The file is new, and its owner’s alone. */
async function heap(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const [service = ''] = line.operands;
  const where = await processOf(line, config, service);
  const time = new Date().toISOString().replaceAll(/[:.]/gu, '-');
  const file = resolve(line.values.text('output-file') ?? `${service}-${time}.heapsnapshot`);
  if (existsSync(file)) throw new CommandFailed(`${file} is there already: --output-file names another one`);
  const bytes = await download(where, takeHeapSnapshot, { by: whoIsIt(line.values) }, file);
  if (screen.format === 'json') screen.output.write(`${JSON.stringify({ service, file, bytes })}\n`);
  screen.say(
    `${file}: ${(bytes / (1 << 20)).toFixed(1)} MiB. It holds rows and secrets: remove it afterwards`,
  );
  return true;
}

/** The one that `--process` names, by its own address; without it whichever answers at the configured one. Throws CommandFailed. */
async function processOf({ values }: CommandLine, config: SluiceConfig, service: string): Promise<Call> {
  const section = sectionOf(config, service);
  const configured = serviceOf(config, section, values);
  const instance = values.text('process');
  if (instance === undefined) return configured;
  const [, sink] = section;
  // Captures do not say where they answer, and --url says it.
  if (sink === undefined || values.text('url') !== undefined)
    return { ...configured, meant: { ...configured.meant, instance } };
  const { processes, members } = await findProcesses(config, sink);
  const found = processes.find((each) => each.instance === instance);
  if (found !== undefined) return callOf(config, section, found, values);
  const known = processes.map((each) => each.instance).join(', ');
  throw new CommandFailed(
    members.list === null
      ? `where process ${instance} answers is not known (${members.problem ?? ''}): name its address by --url`
      : `${service} has no process ${instance}: ${known === '' ? 'none is in its consumer group' : known}`,
  );
}
