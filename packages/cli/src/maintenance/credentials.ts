import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { note, ok, unknown, wrong, type Finding } from '../operator/findings.ts';

const DAY_MS = 86_400_000;
const PASSWORD_DAYS = 365;
const CERTIFICATE_DAYS = 30;
const CERTIFICATES = new Set(['certFile', 'caFile', 'clientCaFile']);
const TOKENS = new Set(['tokensFile']);

/** A file that a setting names. */
export interface NamedFile {
  /** `sinks.redis.tls.caFile` */
  readonly setting: string;
  readonly file: string;
}

/** Files of certificates, or of tokens, that the configuration names. */
export function filesNamed(config: unknown, what: 'certificates' | 'tokens'): readonly NamedFile[] {
  const names = what === 'certificates' ? CERTIFICATES : TOKENS;
  const walk = (value: unknown, path: readonly string[]): readonly NamedFile[] => {
    if (typeof value === 'string')
      return names.has(path.at(-1) ?? '') ? [{ setting: path.join('.'), file: value }] : [];
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([name, inner]) => walk(inner, [...path, name]));
  };
  return walk(config, []);
}

/** @param nowMs milliseconds since 1970 */
export async function certificateFindings(
  files: readonly NamedFile[],
  nowMs: number,
): Promise<readonly Finding[]> {
  return Promise.all(
    files.map(async ({ setting, file }) => {
      const pem = await readFile(file, 'utf8').catch((error: unknown) => errorOf(error));
      if (typeof pem !== 'string') return unreadable('certificates', { setting, file }, pem);
      try {
        return certificateFinding(`${setting} (${file})`, endOf(setting, pem), nowMs);
      } catch {
        const fix = 'put the certificate into it, as PEM';
        return unknown('certificates', `${setting} (${file}) has no certificate that can be read`, fix);
      }
    }),
  );
}

function errorOf(error: unknown): NodeJS.ErrnoException {
  return error as NodeJS.ErrnoException;
}

function unreadable(
  area: string,
  { setting, file }: NamedFile,
  { code = '' }: NodeJS.ErrnoException,
): Finding {
  const isRefused = code === 'EACCES' || code === 'EPERM';
  const fix = isRefused
    ? `run the command as an account that may read it, or --skip ${area}`
    : `run the command where the file is, or --skip ${area}`;
  return unknown(area, `${setting} (${file}) cannot be read here (${code})`, fix);
}

/**
 * When the file ends to do its work, milliseconds since 1970. Of a chain every certificate counts, of authorities the newest of each name: while
 * one takes the place of another, both are in the file. Throws for a file without a certificate.
 */
export function endOf(setting: string, pem: string): number {
  const parts = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (parts === null) throw new Error('no certificate');
  const isOfAuthorities = /aFile$/iu.test(setting);
  const ends = new Map<string, number>();
  for (const [index, part] of parts.entries()) {
    const { subject, validTo } = new X509Certificate(part);
    const name = isOfAuthorities ? subject : String(index);
    ends.set(name, Math.max(Date.parse(validTo), ends.get(name) ?? 0));
  }
  return Math.min(...ends.values());
}

export function certificateFinding(name: string, endsMs: number, nowMs: number): Finding {
  const days = Math.floor((endsMs - nowMs) / DAY_MS);
  const found = days < 0 ? `${name} has ended ${-days} days ago` : `${name} ends in ${days} days`;
  if (days >= CERTIFICATE_DAYS) return ok('certificates', found);
  return wrong('certificates', { found, required: 'thirty days at least', fix: 'renew it' });
}

/** By the time at which each file was written last: a token has no date of its own. */
export async function tokenFindings(files: readonly NamedFile[], nowMs: number): Promise<readonly Finding[]> {
  if (files.length === 0) return [note('tokens', 'no ops.tokensFile is set', null)];
  return Promise.all(
    files.map(async ({ setting, file }) => {
      try {
        return ageFinding('tokens', `${setting} (${file})`, (await stat(file)).mtimeMs, nowMs);
      } catch (error) {
        return unreadable('tokens', { setting, file }, errorOf(error));
      }
    }),
  );
}

/** @param setMs null: the server does not tell */
export function passwordFinding(name: string, setMs: number | null, nowMs: number): Finding {
  if (setMs === null)
    return note('passwords', `${name}: the server does not tell this account how old its password is`, null);
  return ageFinding('passwords', `${name}: the password`, setMs, nowMs);
}

function ageFinding(area: string, name: string, sinceMs: number, nowMs: number): Finding {
  const days = Math.floor((nowMs - sinceMs) / DAY_MS);
  const found = `${name} was set ${days} days ago`;
  if (days <= PASSWORD_DAYS) return ok(area, found);
  return wrong(area, { found, required: 'at most a year', fix: 'set a new one (docs/your-servers.md)' });
}
