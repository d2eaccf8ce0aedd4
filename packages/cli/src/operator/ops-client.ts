import { opsSchemaFor, parseSection, type OpsConfig, type SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';

const TIMEOUT_MS = 120_000;
const ANYWHERE = new Set(['0.0.0.0', '::']);

/** `ops` of a service with its defaults; `path` is its section, such as `['sinks', 'redis']`. */
export function opsOf(config: SluiceConfig, path: readonly string[]): OpsConfig {
  return parseSection(config, [...path, 'ops'], opsSchemaFor(path.at(-1) ?? ''));
}

/** Where a service shows its health; `path` is its section, such as `['sinks', 'redis']`. */
export function opsUrl(config: SluiceConfig, path: readonly string[]): string {
  const { host, port } = opsOf(config, path);
  const reachable = ANYWHERE.has(host) ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Throws CommandFailed when nobody answers. */
export async function ask(
  url: string,
  path: string,
  order?: unknown,
  timeoutMs = TIMEOUT_MS,
): Promise<Answer> {
  try {
    const response = await fetch(new URL(path, url), {
      signal: AbortSignal.timeout(timeoutMs),
      ...(order === undefined
        ? {}
        : {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(order),
          }),
    });
    return { status: response.status, body: await response.json() };
  } catch (error) {
    throw new CommandFailed(`no service answers at ${url}: is it running? (--url names another address)`, {
      cause: error,
    });
  }
}

/** The body of a GET that went well. Throws CommandFailed with the service's own reason otherwise. */
export async function read<T>(url: string, path: string): Promise<T> {
  return bodyOf(await ask(url, path));
}

/** The body of a POST that went well. Throws CommandFailed with the service's own reason otherwise. */
export async function order<T>(url: string, path: string, body: unknown): Promise<T> {
  return bodyOf(await ask(url, path, body));
}

function bodyOf<T>(answer: Answer): T {
  if (answer.status === 200 || answer.status === 202) return answer.body as T;
  const { error = `status ${answer.status}`, code } = answer.body as { error?: string; code?: string };
  throw new CommandFailed(code === undefined ? error : `${code}: ${error}`);
}
