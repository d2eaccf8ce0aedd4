import { pathToFileURL } from 'node:url';
import { configPath, loadConfig, PipelineError, type SluiceConfig } from '@sluice/runtime';
import { missingSink, sinkMain } from '@sluice/sink-kit/installed';
import { importCapture } from './optional-packages.ts';
import type { CommandLine, ServiceCommand } from './command.ts';
import { UsageError } from './usage-error.ts';

export const captureCommand: ServiceCommand = {
  name: 'capture',
  options: ['accept'],
  several: ['accept'],
  help: 'run capture until it is stopped: publishes the changes of the source to Kafka',
  start: async (line) => {
    handOver(line);
    await importCapture(() => import('@sluice/capture/main'));
  },
};

export const sinkCommand: ServiceCommand = {
  name: 'sink NAME',
  options: [],
  help: 'run the sink of this name until it is stopped, such as `sluice sink redis`: applies changes from Kafka to its store',
  start: async (line) => {
    const main = mainOf(line);
    handOver(line, ['--sink', line.name]);
    await import(pathToFileURL(main).href);
  },
};

/** A service reads its own arguments from the process, wherever it was started. */
function handOver({ config, values }: CommandLine, more: readonly string[] = []): void {
  const configured = config === undefined ? [] : ['--config', config];
  const accepted = values.texts('accept').flatMap((what) => ['--accept', what]);
  process.argv.splice(2, Infinity, ...configured, ...accepted, ...more);
}

function mainOf({ name, config: file }: CommandLine): string {
  const config = readable(file ?? configPath([], process.env));
  const main = sinkMain(name, config);
  if (main !== null) return main;
  throw new UsageError(missingSink(name, config ?? { sinks: {} }));
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
