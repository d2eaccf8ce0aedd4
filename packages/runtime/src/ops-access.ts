import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { PipelineError } from './errors.ts';

/** Each may do what those before it may. */
export const OPS_ROLES = ['viewer', 'operator', 'admin'] as const;
/** `viewer` reads pages, `operator` gives orders, `admin` those too that give up data. */
export type OpsRole = (typeof OPS_ROLES)[number];

export interface Principal {
  readonly name: string;
  readonly role: OpsRole;
}

/** Why a request may not have what it asks for. */
export interface Denial {
  readonly status: 401 | 403;
  readonly error: string;
}

interface KnownToken extends Principal {
  /** SHA-256 of the token. */
  readonly hash: Buffer;
}

const LINE = /^(\S+)\s+(\S+)\s+([0-9a-f]{64})$/u;

/**
 * The tokens of a file, a line each: name, role, SHA-256 of the token as 64 hexadecimal digits. Empty lines and such that begin with
 * `#` are passed over. Throws CONFIG_INVALID with the number of the first other line; no part of it is shown.
 */
export function parseTokens(text: string, file: string): readonly KnownToken[] {
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*(?:#.*)?$/u.test(line)) return [];
    const [, name = '', role = '', hash = ''] = LINE.exec(line.trim()) ?? [];
    if (name === '' || !isRole(role)) throw badLine(file, index + 1);
    return [{ name, role, hash: Buffer.from(hash, 'hex') }];
  });
}

function isRole(text: string): text is OpsRole {
  return OPS_ROLES.some((role) => role === text);
}

function badLine(file: string, line: number): PipelineError {
  return new PipelineError(
    'CONFIG_INVALID',
    `Line ${line} of ${file} is no token: a line is NAME ROLE SHA256, with a role of ${OPS_ROLES.join(', ')} and 64 hexadecimal digits.`,
  );
}

/** Who may ask the ops API for what. Without a file of tokens everybody may have everything. */
export class OpsAccess {
  readonly #file: string | null;

  constructor(file: string | null) {
    this.#file = file;
  }

  /** Throws CONFIG_INVALID when the file cannot be used. */
  async check(): Promise<void> {
    await this.#tokens();
  }

  /**
   * Who asks, null where nobody is asked for a name; or why he may not. The file is read anew each time: a token that is taken out
   * of it is worth nothing from then on.
   * @param authorization the header of that name (RFC 6750)
   */
  async admit(authorization: string | undefined, role: OpsRole): Promise<Principal | Denial | null> {
    if (this.#file === null) return null;
    const given = /^Bearer +(\S+)$/iu.exec(authorization ?? '')?.[1];
    if (given === undefined) return { status: 401, error: 'send authorization: Bearer TOKEN' };
    const hash = createHash('sha256').update(given).digest();
    const known = (await this.#tokens()).filter((token) => timingSafeEqual(token.hash, hash))[0];
    if (known === undefined) return { status: 401, error: 'the token is not known' };
    const mayHave = OPS_ROLES.indexOf(known.role) >= OPS_ROLES.indexOf(role);
    if (!mayHave)
      return { status: 403, error: `this takes the role ${role}, and ${known.name} has ${known.role}` };
    return { name: known.name, role: known.role };
  }

  async #tokens(): Promise<readonly KnownToken[]> {
    const file = this.#file ?? '';
    try {
      return parseTokens(await readFile(file, 'utf8'), file);
    } catch (error) {
      if (error instanceof PipelineError) throw error;
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      throw new PipelineError('CONFIG_INVALID', `The tokens in ${file} cannot be read (${code}).`, {
        cause: error,
      });
    }
  }
}

export function isDenial(answer: Principal | Denial | null): answer is Denial {
  return answer !== null && 'status' in answer;
}

/** Whether an address is one that only processes of this host reach. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
