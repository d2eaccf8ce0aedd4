import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './usage-error.ts';
import { importProgram, programFile, ROOT } from '../program-file.ts';
import type { CommandLine } from './command-line.ts';
import type { CommandName } from './commands-table.ts';

type ServiceCommand = Extract<CommandName, 'capture' | 'sink NAME'>;

/** A command line that asks the operator's tool for something, not for a service. */
export type OperatorLine = CommandLine & { readonly command: Exclude<CommandName, ServiceCommand> };

export function isOperatorLine(line: CommandLine): line is OperatorLine {
  return line.command !== 'capture' && line.command !== 'sink NAME';
}

/** Runs capture or a sink in this process, which ends with it, by its exit code. Throws UsageError: no such sink. */
export async function runService({ command, name, config, values }: CommandLine): Promise<void> {
  const service = command === 'capture' ? 'capture' : sinkService(name);
  // A service reads its own arguments from the process, wherever it was started.
  const configured = config === undefined ? [] : ['--config', config];
  const accepted = values.texts('accept').flatMap((what) => ['--accept', what]);
  process.argv.splice(2, Infinity, ...configured, ...accepted);
  await importProgram(`services/${service}/src/main.ts`);
}

function sinkService(name: string): string {
  const service = `sink-${name}`;
  if (/^[a-z0-9-]+$/.test(name) && existsSync(programFile(`services/${service}/src/main.ts`))) return service;
  const known = readdirSync(join(ROOT, 'services')).flatMap(
    (folder) => /^sink-(.+)$/.exec(folder)?.[1] ?? [],
  );
  throw new UsageError(`there is no sink ${name}; known: ${known.sort().join(', ')}`);
}
