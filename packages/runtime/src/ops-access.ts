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
  /** Who has asked, where that is known. */
  readonly who: Principal | null;
}

/** A client certificate. */
export interface ShownCertificate {
  /** Common name of its subject; null when there is none, or several. */
  readonly name: string | null;
  /** Whether the authority of the listener has signed it, and it is valid now. */
  readonly isTrusted: boolean;
}

/** What a request shows of who sends it. */
export interface Credentials {
  /** The header of that name (RFC 6750). */
  readonly authorization: string | undefined;
  readonly certificate: ShownCertificate | null;
}

interface Known extends Principal {
  /** SHA-256 of the token; null for whoever shows a certificate of that name. */
  readonly hash: Buffer | null;
}

const LINE = /^(\S+)\s+(\S+)\s+([0-9a-f]{64}|certificate)$/u;

/**
 * The tokens of a file, a line each: name, role, SHA-256 of the token as 64 hexadecimal digits, or the word `certificate` for whoever shows
 * one with that common name. Empty lines and such that begin with `#` are passed over. Throws CONFIG_INVALID with the number of the
 * first other line; no part of it is shown.
 */
export function parseTokens(text: string, file: string): readonly Known[] {
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*(?:#.*)?$/u.test(line)) return [];
    const [, name = '', role = '', proof = ''] = LINE.exec(line.trim()) ?? [];
    if (name === '' || !isRole(role)) throw badLine(file, index + 1);
    return [{ name, role, hash: proof === 'certificate' ? null : Buffer.from(proof, 'hex') }];
  });
}

function isRole(text: string): text is OpsRole {
  return OPS_ROLES.some((role) => role === text);
}

function badLine(file: string, line: number): PipelineError {
  return new PipelineError(
    'CONFIG_INVALID',
    `Line ${line} of ${file} is no token: a line is NAME ROLE SHA256 or NAME ROLE certificate, with a role of ${OPS_ROLES.join(', ')} and 64 hexadecimal digits.`,
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
    await this.#known();
  }

  /**
   * Who asks, null where nobody is asked for a name; or why he may not. The file is read again each time: a line that is taken out of it
   * is worth nothing from then on. A token counts before a certificate: it was sent for this request.
   */
  async admit(shown: Credentials, role: OpsRole): Promise<Principal | Denial | null> {
    if (this.#file === null) return null;
    const who = found(shown, await this.#known());
    if (isDenial(who)) return who;
    const mayHave = OPS_ROLES.indexOf(who.role) >= OPS_ROLES.indexOf(role);
    if (mayHave) return who;
    return { status: 403, error: `this takes the role ${role}, and ${who.name} has ${who.role}`, who };
  }

  async #known(): Promise<readonly Known[]> {
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

function found({ authorization, certificate }: Credentials, known: readonly Known[]): Principal | Denial {
  const given = /^Bearer +(\S+)$/iu.exec(authorization ?? '')?.[1];
  if (given !== undefined) {
    const hash = createHash('sha256').update(given).digest();
    const [owner] = known.filter((each) => each.hash !== null && timingSafeEqual(each.hash, hash));
    return owner === undefined ? denied('the token is not known') : principal(owner);
  }
  if (certificate === null) return denied('send authorization: Bearer TOKEN');
  if (!certificate.isTrusted) return denied('the certificate is not valid here');
  if (certificate.name === null) return denied('the certificate has no common name, or several');
  const owner = known.find(({ name, hash }) => hash === null && name === certificate.name);
  return owner === undefined ? denied('the certificate has no role here') : principal(owner);
}

function principal({ name, role }: Known): Principal {
  return { name, role };
}

function denied(error: string): Denial {
  return { status: 401, error, who: null };
}

export function isDenial(answer: Principal | Denial | null): answer is Denial {
  return answer !== null && 'status' in answer;
}

/** Whether an address is one that only processes of this host reach. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1' || host === '[::1]') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
