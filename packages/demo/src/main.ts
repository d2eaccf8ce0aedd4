/** `npm start`: what the operator runs. See `--help`. */
import { PipelineError, exitCodeOf, EXIT } from '@sluice/runtime';
import { parseArguments, USAGE, UsageError } from './arguments.ts';
import type { StartCommand } from './arguments.ts';
import { ServiceFailed } from './pipeline-services.ts';
import { runCheck } from './run-check.ts';
import { runConfig } from './run-config.ts';
import { runDemo } from './run-demo.ts';
import type { RunHost } from './watch-pipeline.ts';

const INTERRUPTED = 130;

const stop = new AbortController();
const host: RunHost = {
  signal: stop.signal,
  env: process.env,
  output: process.stdout,
  say: (line) => console.error(line),
};

function interrupt(): void {
  if (stop.signal.aborted) process.exit(INTERRUPTED);
  stop.abort();
  host.say('\nstopping; once more to stop at once');
}

/** Resolves to the exit code. */
async function run(command: StartCommand): Promise<number> {
  switch (command.kind) {
    case 'help':
      process.stdout.write(USAGE);
      return EXIT.stopped;
    case 'config':
      await runConfig(command.file, host);
      return EXIT.stopped;
    case 'demo':
      await runDemo(command, host);
      return EXIT.stopped;
    case 'check':
      return (await runCheck(command, host)) ? EXIT.stopped : EXIT.unexpected;
  }
}

function exitCodeFor(error: unknown): number {
  if (error instanceof UsageError) {
    host.say(`${error.message}\n\n${USAGE}`);
    return EXIT.configuration;
  }
  if (stop.signal.aborted) return INTERRUPTED;
  host.say(error instanceof PipelineError ? `${error.code}: ${error.message}` : describe(error));
  return error instanceof ServiceFailed ? error.exitCode || EXIT.unexpected : exitCodeOf(error);
}

function describe(error: unknown): string {
  if (error instanceof ServiceFailed) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
try {
  const randomSeed = Math.floor(Math.random() * 1_000_000);
  process.exitCode = await run(parseArguments(process.argv.slice(2), randomSeed));
} catch (error) {
  process.exitCode = exitCodeFor(error);
}
