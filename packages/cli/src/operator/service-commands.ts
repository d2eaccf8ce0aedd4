import { installedSinks, startSink } from '@sluice/sink-kit/installed';
import { importCapture } from './capture-package.ts';
import type { CommandLine } from './command-line.ts';
import type { CommandName } from './commands-table.ts';
import { UsageError } from './usage-error.ts';

type ServiceCommand = Extract<CommandName, 'capture' | 'sink NAME'>;

/** A command line that asks the operator's tool for something, not for a service. */
export type OperatorLine = CommandLine & { readonly command: Exclude<CommandName, ServiceCommand> };

export function isOperatorLine(line: CommandLine): line is OperatorLine {
  return line.command !== 'capture' && line.command !== 'sink NAME';
}

/** Runs capture or a sink in this process, which ends with it, by its exit code. Throws UsageError: no such sink. */
export async function runService({ command, name, config, values }: CommandLine): Promise<void> {
  if (command !== 'capture') assertSink(name);
  // A service reads its own arguments from the process, wherever it was started.
  const configured = config === undefined ? [] : ['--config', config];
  const accepted = values.texts('accept').flatMap((what) => ['--accept', what]);
  process.argv.splice(2, Infinity, ...configured, ...accepted);
  if (command === 'capture') await importCapture(() => import('@sluice/capture/main'));
  else await startSink(name);
}

function assertSink(name: string): void {
  const known = installedSinks();
  if (!known.includes(name))
    throw new UsageError(`there is no sink ${name}; known: ${known.join(', ') || 'none is installed'}`);
}
