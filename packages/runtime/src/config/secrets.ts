import { z } from 'zod';
import type { SluiceConfig } from './schema.ts';

/**
 * Secrets are known by their name as well as by the schema's mark, because a sink's section is only
 * checked by that sink while every service prints the configuration.
 */
export function looksSecret(name: string): boolean {
  return /password|passwd|passphrase|secret|token|(?:api|private|access)[-_]?key|^key$|credential|authorization/i.test(
    name,
  );
}

/** The configuration as it may be printed: secrets, and the passwords of URLs, are `***`. */
export function redactedConfig(config: SluiceConfig): Readonly<Record<string, unknown>> {
  const copy = redact(config);
  return z.record(z.string(), z.unknown()).parse(copy);
}

function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactUrl(value);
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => {
    const isSet = inner !== '' && inner !== null && inner !== undefined && typeof inner !== 'boolean';
    return [name, looksSecret(name) && isSet ? '***' : redact(inner)];
  });
  return Object.fromEntries(entries);
}

/** What an address holds as a login: behind a name, or, to a web server, alone; a slip of the pen may stand anywhere in `scheme://`. */
const LOGINS = [
  [/^(https?:\/\/)[^:@]+@/i, '$1***@'],
  [/^([a-z][a-z0-9+.-]*:\/\/[^:@]*@)/i, '$1'],
  [/^([a-z0-9+.-]*:?\/{0,2}[^:/@\s]*):[^]*@/i, '$1:***@'],
  [/^([^:@]*):[^]*@/, '$1:***@'],
] as const;

/** Hides the password of `scheme://user:password@host` and of `host=h password=p`, and what a query gives: clients take `?password=…` as well. */
export function redactUrl(text: string): string {
  const [login, shown] = LOGINS.find(([form]) => form.test(text)) ?? [/^$/, ''];
  return text
    .replace(login, shown)
    .replace(/^([a-z0-9+.-]*:\/\/[^#]*#)[^]+$/i, '$1***')
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^?]*\?)([^]*)$/i, (_whole, address: string, query: string) => {
      return address + query.replaceAll(/=[^&#]*/g, '=***');
    })
    .replaceAll(/(\bpass\w*|\bpwd|\bsecret|\btoken)(\s*=\s*)[^\s;,&]+/gi, '$1$2***');
}
