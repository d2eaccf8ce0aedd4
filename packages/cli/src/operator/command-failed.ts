/** A command that was understood and could not be carried out; the message is one line for the operator. */
export class CommandFailed extends Error {
  /** What to do, where the message does not say it. */
  readonly fix: string | null;

  constructor(
    message: string,
    { cause, fix = null }: { readonly cause?: unknown; readonly fix?: string | null } = {},
  ) {
    super(message, { cause });
    this.fix = fix;
  }
}

/** The operator has interrupted it: nothing is tried again. */
export class Interrupted extends CommandFailed {}
