import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { commandOutput, commandWords } from '../command-output.ts';
import { PipelineError } from '../errors.ts';

/** Begins what stands for a secret that is read again: neither YAML nor a variable of the environment can hold this character. */
const MARK = '\u0000';
const FILE = 'file:';
const COMMAND = 'command:';
/** Kubernetes renews the files of a Secret within about 90 s (manual, "Mounted Secrets are updated automatically"). */
const CHANGED_WITHIN_MS = 120_000;

/** Where a secret comes from, as a text: for the way from the file to its schema. */
export function markSecret(expression: string, setting: string): string {
  return `${MARK}${setting}${MARK}${expression}`;
}

export function isMarkedSecret(text: string): boolean {
  return text.startsWith(MARK);
}

/** A password or token whose value may change while a process runs. It is never printed. */
export class ChangingSecret {
  /** Its place in sluice.yaml, such as `source.password`. */
  readonly setting: string;
  readonly #expression: string;
  #wasTaken = false;
  #refusedSince: number | null = null;

  constructor(marked: string) {
    const [, setting = '', expression = ''] = marked.split(MARK);
    this.setting = setting;
    this.#expression = expression;
  }

  /** Reads the file, or runs the command. @throws SECRET_UNAVAILABLE, which never has anything of what was read */
  async read(): Promise<string> {
    const expression = this.#expression;
    try {
      const text = expression.startsWith(COMMAND)
        ? await commandOutput(commandWords(expression.slice(COMMAND.length)) ?? [])
        : await readFile(expression.slice(FILE.length), 'utf8');
      return withoutLineBreak(text);
    } catch (error) {
      // Not as the cause: an error of a command has what it was called with, and may have what it said.
      const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      throw new PipelineError(
        'SECRET_UNAVAILABLE',
        `${this.setting}: ${sourceOf(expression)} gave no secret: ${reason}`,
        {
          context: { setting: this.setting },
        },
      );
    }
  }

  /** For a setting whose value never changes. @throws CONFIG_INVALID when the file cannot be read, or for a command */
  readOnce(): string {
    const path = this.#expression.slice(FILE.length);
    try {
      if (this.#expression.startsWith(FILE)) return withoutLineBreak(readFileSync(path, 'utf8'));
    } catch (error) {
      throw new PipelineError('CONFIG_INVALID', `${this.setting}: the file ${path} cannot be read`, {
        cause: error,
      });
    }
    throw new PipelineError(
      'CONFIG_INVALID',
      `${this.setting}: takes no command: write \${file:/path} or \${NAME}`,
    );
  }

  /** A server took it. */
  taken(): void {
    this.#wasTaken = true;
    this.#refusedSince = null;
  }

  /**
   * A server refused it: while a secret that was good is changed, server and file differ for a while.
   * @param now milliseconds of a clock that never goes back
   * @returns whether it may be taken again, as it was taken before and has been refused for less than two minutes
   */
  mayBeTakenAgain(now = performance.now()): boolean {
    if (!this.#wasTaken) return false;
    this.#refusedSince ??= now;
    return now - this.#refusedSince < CHANGED_WITHIN_MS;
  }

  toJSON(): string {
    return '***';
  }
}

export type Secret = string | ChangingSecret;

/** The value now. @throws SECRET_UNAVAILABLE */
export async function readSecret(secret: Secret): Promise<string> {
  return typeof secret === 'string' ? secret : await secret.read();
}

/** A server took the login with this secret. */
export function loginTaken(secret: Secret | undefined): void {
  if (secret instanceof ChangingSecret) secret.taken();
}

/** What to throw of a login that a server refused: SECRET_REFUSED, to try again, while the secret may be on its way; or the error itself. */
export function loginRefused<E>(secret: Secret | undefined, error: E): E | PipelineError {
  if (!(secret instanceof ChangingSecret) || !secret.mayBeTakenAgain()) return error;
  const message = `${secret.setting}: a server refuses what it took before: it may be changing`;
  return new PipelineError('SECRET_REFUSED', message, {
    cause: error,
    context: { setting: secret.setting },
  });
}

const fromText = z.transform((text: string): Secret =>
  isMarkedSecret(text) ? new ChangingSecret(text) : text,
);

/** The schema of a secret that may be `${file:…}` or `${command:…}` and is then read again at each connection. */
export function secretText(description: string, text: z.ZodString = z.string()) {
  return text.pipe(fromText).meta({ description, secret: true });
}

/** Whether a schema, below what wraps it, is one of `secretText`. */
export function takesSecret(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodPipe) return schema.out === fromText;
  const hasInner =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return hasInner && takesSecret(schema.unwrap());
}

/** Mounted secrets usually end in a line break that is not part of them. */
export function withoutLineBreak(text: string): string {
  return text.replace(/\r?\n$/, '');
}

/** Not the arguments of a command: they may hold a secret. */
function sourceOf(expression: string): string {
  if (!expression.startsWith(COMMAND)) return `the file ${expression.slice(FILE.length)}`;
  return `the command ${commandWords(expression.slice(COMMAND.length))?.[0] ?? ''}`;
}
