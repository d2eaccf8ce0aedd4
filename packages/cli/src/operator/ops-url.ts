import { readFileSync } from 'node:fs';
import type { Call } from '@sluice/ops-api/client';
import { opsOf, type Meant, type SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';
import type { OptionValues } from './option-values.ts';

const ANYWHERE = new Set(['0.0.0.0', '::']);

/** Whether a service that listens there listens on every address of its host. */
export function isAnywhere(host: string): boolean {
  return ANYWHERE.has(host);
}

export function hostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Where a service answers orders; `path` is its section, such as `['sinks', 'redis']`. */
export function opsUrl(config: SluiceConfig, path: readonly string[]): string {
  const { url, host, port, tls } = opsOf(config, path);
  if (url !== undefined) return url.replace(/\/+$/u, '');
  const scheme = tls === undefined ? 'http' : 'https';
  return `${scheme}://${hostPort(isAnywhere(host) ? '127.0.0.1' : host, port)}`;
}

/** Where a service is asked, as whom, and which one is meant. Throws CommandFailed when a file that an option names cannot be read. */
export function serviceOf(config: SluiceConfig, path: readonly string[], values: OptionValues): Call {
  return {
    url: values.text('url') ?? opsUrl(config, path),
    ...whoAsks(values),
    meant: meantBy(config, path),
  };
}

/** The service of a section. */
export function meantBy({ pipeline }: SluiceConfig, path: readonly string[]): Meant {
  const [section = '', sink] = path;
  return { pipeline, service: sink === undefined ? section : `sink-${sink}` };
}

/** The token and the authorities of whoever gives the command. Throws CommandFailed as `serviceOf` does. */
export function whoAsks(values: OptionValues): Pick<Call, 'token' | 'ca'> {
  return { token: fileOf(values, 'token-file')?.trim(), ca: fileOf(values, 'ca-file') };
}

/** The text of the file that an option names. Throws CommandFailed when it cannot be read. */
export function fileOf(
  values: OptionValues,
  option: 'token-file' | 'ca-file' | 'prometheus-login-file',
): string | undefined {
  const file = values.text(option);
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailed(`--${option}: ${file} cannot be read`, { cause: error });
  }
}
