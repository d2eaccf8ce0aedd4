import { pathToFileURL } from 'node:url';
import { configPath, loadConfig, PipelineError, type SluiceConfig } from '@sluice/runtime';
import { installedSinks, sinkMain } from '@sluice/sink-kit/installed';
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
  const main = command === 'capture' ? null : mainOf(name, config);
  // A service reads its own arguments from the process, wherever it was started.
  const configured = config === undefined ? [] : ['--config', config];
  const accepted = values.texts('accept').flatMap((what) => ['--accept', what]);
  process.argv.splice(2, Infinity, ...configured, ...accepted);
  if (main === null) await importCapture(() => import('@sluice/capture/main'));
  else await import(pathToFileURL(main).href);
}

function mainOf(name: string, file: string | undefined): string {
  const config = readable(file ?? configPath([], process.env));
  const main = sinkMain(name, config);
  if (main !== null) return main;
  throw new UsageError(
    `there is no sink ${name}; known: ${installedSinks(config).join(', ') || 'none is installed'}`,
  );
}

/** Undefined for a file that is not there, or wrong: the service itself says so, and what is wrong. */
function readable(file: string): SluiceConfig | undefined {
  try {
    return loadConfig(file, process.env, () => true);
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'CONFIG_INVALID') return undefined;
    throw error;
  }
}
