/** `sluice`: the operator's command. See `--help`. */
import { CallFailed } from '@sluice/ops-api/client';
import {
  describeError,
  errorEntry,
  olderNodeReady,
  PipelineError,
  printable,
  VERSION,
  wordsOf,
} from '@sluice/runtime';
import { UsageError } from './operator/usage-error.ts';
import { CommandFailed } from './operator/command-failed.ts';
import { parseCommandLine } from './operator/command-line.ts';
import { COMMANDS } from './operator/commands.ts';
import { helpFor } from './operator/help.ts';
import { printableScreen } from './operator/screen.ts';
import { runCommand } from './operator/run-command.ts';

const EXIT = { done: 0, notDone: 1, wrongUse: 2, different: 3 } as const;

const say = (line: string): void => console.error(printable(line));

/** To the first place, and clear from there (ECMA-48: CUP, ED). */
function clearTerminal(): void {
  if (process.stdout.isTTY) process.stdout.write('\u001B[H\u001B[2J');
}

async function main(args: readonly string[]): Promise<number> {
  const wish = parseCommandLine(args, Date.now());
  if (wish.kind === 'version') {
    process.stdout.write(`sluice ${VERSION}, Node.js ${process.version}\n`);
    return EXIT.done;
  }
  if (wish.kind === 'help') {
    process.stdout.write(helpFor(wish.words, process.stdout.columns));
    return args.length === 0 ? EXIT.wrongUse : EXIT.done;
  }
  const { command, line } = wish;
  if ('start' in command) {
    await command.start(line);
    return EXIT.done;
  }
  if ('tell' in command) {
    process.stdout.write(command.tell(line, COMMANDS));
    return EXIT.done;
  }
  await olderNodeReady;
  const screen = printableScreen({
    format: line.output,
    output: process.stdout,
    say,
    clear: clearTerminal,
  });
  const done = await runCommand(command, line, process.env, screen);
  if (done === 'different') return EXIT.different;
  if (done) return EXIT.done;
  return 'check' in command ? EXIT.wrongUse : EXIT.notDone;
}

function exitCodeFor(error: unknown): number {
  if (error instanceof UsageError) {
    say(`${error.message}; sluice --help shows all commands`);
    return EXIT.wrongUse;
  }
  if (error instanceof CommandFailed || error instanceof CallFailed) {
    say(error.message);
    return EXIT.notDone;
  }
  if (!(error instanceof PipelineError)) {
    // Not thrown: Node.js would show all of the error, a statement of a driver too.
    const { stack } = describeError(error);
    say(`a fault of sluice itself: ${wordsOf(error)}\n${typeof stack === 'string' ? stack : ''}`);
    return EXIT.notDone;
  }
  say(`${error.code}: ${error.message}`);
  if (error.code === 'CONFIG_INVALID') return EXIT.wrongUse;
  say(`  fix: ${errorEntry(error.code).fix}`);
  return EXIT.notDone;
}

// Node prints warnings by a listener of its own. The Kafka client makes one per connection that means nothing to anybody.
process.removeAllListeners('warning');
process.on('warning', ({ name, message }) => {
  if (name !== 'TimeoutNegativeWarning') say(`${name}: ${message}`);
});
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = exitCodeFor(error);
}
