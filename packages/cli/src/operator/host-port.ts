import { UsageError } from './usage-error.ts';

const PORT_MAX = 65_535;
const MYSQL_PORT = 3306;

/** `host`, `host:port` or `[address]:port`; null for anything else. The port is null where there is none. */
export function hostPort(text: string): { readonly host: string; readonly port: number | null } | null {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? null : Number(digits);
  return host === undefined || (port ?? 0) > PORT_MAX ? null : { host, port };
}

/** The source server that an option names. Throws UsageError. */
export function serverAddress(
  option: string,
  text: string,
): { readonly host: string; readonly port: number } {
  const { host, port } = hostPort(text) ?? { host: '', port: 0 };
  if (port === 0) throw new UsageError(`--${option} is "${text}", but must be HOST or HOST:PORT`);
  return { host, port: port ?? MYSQL_PORT };
}
