const PORT_MAX = 65_535;

/** `host`, `host:port` or `[address]:port`; null for anything else. The port is null where there is none. */
export function hostPort(text: string): { readonly host: string; readonly port: number | null } | null {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? null : Number(digits);
  return host === undefined || (port ?? 0) > PORT_MAX ? null : { host, port };
}
