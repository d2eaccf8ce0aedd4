import type { IncomingHttpHeaders } from 'node:http';

/** Headers by which whoever asks names the service that is meant; one that is not sent means any. */
export const MEANT_HEADERS = {
  pipeline: 'x-sluice-pipeline',
  service: 'x-sluice-service',
  instance: 'x-sluice-instance',
} as const;

/** A process of a service, as its `/status` names it. */
export interface ServiceIdentity {
  readonly pipeline: string;
  /** `capture`, or `sink-` and the name of the sink. */
  readonly service: string;
  readonly instance: string;
}

/** What is meant by a request. */
export type Meant = { readonly [Part in keyof ServiceIdentity]?: string | undefined };

export function headersOf(meant: Meant): Readonly<Record<string, string>> {
  const named = PARTS.map((part) => [MEANT_HEADERS[part], meant[part]]);
  return Object.fromEntries(named.filter(([, value]) => value !== undefined)) as Record<string, string>;
}

/** Null when the process is the one that is meant, or none is named; else who answers here, and who was meant. */
export function misdirected(own: ServiceIdentity, headers: IncomingHttpHeaders): string | null {
  const meant = Object.fromEntries(PARTS.map((part) => [part, headers[MEANT_HEADERS[part]]])) as Meant;
  if (PARTS.every((part) => (meant[part] ?? own[part]) === own[part])) return null;
  return `here answers ${nameOf(own)}, and ${nameOf(meant)} is meant: nothing was done`;
}

const PARTS = ['pipeline', 'service', 'instance'] as const;

function nameOf({ pipeline, service, instance }: Meant): string {
  const process = instance === undefined ? '' : ` (process ${instance})`;
  const of = pipeline === undefined ? '' : ` of pipeline ${pipeline}`;
  return `${service ?? 'a service'}${of}${process}`;
}
