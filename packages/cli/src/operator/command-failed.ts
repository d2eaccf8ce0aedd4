/** A command that was understood and could not be carried out; the message is one line for the operator. */
export class CommandFailed extends Error {}
