import { z } from 'zod';
import type { SluiceConfig } from './schema.ts';
import { ChangingSecret } from './secret-text.ts';

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
    const hide =
      looksSecret(name) &&
      inner !== '' &&
      (typeof inner === 'string' || typeof inner === 'number' || inner instanceof ChangingSecret);
    return [name, hide ? '***' : redact(inner)];
  });
  return Object.fromEntries(entries);
}

/** Hides the password of `scheme://user:password@host` and of `host=h password=p`, and what a query gives: clients take `?password=…` as well. */
export function redactUrl(text: string): string {
  return text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^:/@\s]*):[^]*@/i, '$1:***@')
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^?]*\?)([^]*)$/i, (_whole, address: string, query: string) => {
      return address + query.replaceAll(/=[^&#]*/g, '=***');
    })
    .replaceAll(/(\bpass\w*|\bpwd|\bsecret|\btoken)(\s*=\s*)[^\s;,&]+/gi, '$1$2***');
}
