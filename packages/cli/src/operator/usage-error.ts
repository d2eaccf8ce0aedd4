/** A command line that cannot be understood; the message is one line for the user. */
export class UsageError extends Error {}
