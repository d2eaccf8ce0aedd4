import { ERRORS, errorEntry, type ErrorClass, type ErrorCode } from '../errors.ts';
import { EXIT } from '../exit.ts';

const CLASSES: Readonly<Record<ErrorClass, string>> = {
  retryable:
    'The other side did not answer. The service retries without limit, with growing waits; nothing is lost.',
  record:
    'One record cannot be applied. It goes to the dead-letter topic after a few tries; the other records are applied.',
  schema: 'The other side does not know the columns of a table. The table is paused until that is fixed.',
  fatal:
    'An operator must fix it. The service stops its work and says so, or ends with an exit code of its own (`onFatal`).',
};

/** The reference page of all error codes: those of the services, and these of sinks. */
export function errorsPage(ofSinks: readonly ErrorCode[]): string {
  const codes = [...(Object.keys(ERRORS) as ErrorCode[]), ...ofSinks].sort();
  const classes = Object.entries(CLASSES).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
  return [
    '# Errors',
    'Every error that Sluice raises on purpose has one of these codes, in the field `err.code` of its log line.',
    `| Class | What happens |\n| --- | --- |\n${classes.join('\n')}`,
    'With `onFatal: stay`, the default, a process stays up without work when only a person can go on: see docs/operations.md, "When a person must act". ' +
      `A process exits with ${EXIT.stopped} when it was stopped, ${EXIT.configuration} for its configuration, ` +
      `${EXIT.preflight} when a check before the start failed, ${EXIT.fatal} for any other error that would repeat at every ` +
      `restart with \`onFatal: exit\`, and ${EXIT.unexpected} for an error that may not.`,
    ...codes.map(entryText),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function entryText(code: ErrorCode): string {
  const entry = errorEntry(code);
  const exit = entry.exit === undefined ? '' : `, exit code ${EXIT[entry.exit]}`;
  return `## ${code}\n\n${sentence(entry.summary)} (\`${entry.class}\`${exit})\n\n${entry.fix}`;
}

/** A first word that is a name, e.g. of a file, keeps its spelling. */
function sentence(summary: string): string {
  const isPlainWord = /^[a-z]+ /.test(summary);
  return `${isPlainWord ? summary.charAt(0).toUpperCase() + summary.slice(1) : summary}.`;
}
