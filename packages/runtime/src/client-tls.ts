import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { ClientTls } from './config/tls-schema.ts';
import { PipelineError } from './errors.ts';

/** As Node's `tls.connect` takes them: every client library hands them on. */
export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly rejectUnauthorized: boolean;
}

/**
 * Reads the files of a `tls` section.
 * @param setting its place in sluice.yaml, such as `source.tls`
 * @param host that is connected to: the name for the server, unless the section has one; an address is none (RFC 6066)
 * @throws CONFIG_INVALID when a file cannot be read or holds no PEM, or the key is not the certificate's
 */
export function readClientTls(tls: ClientTls, setting: string, host?: string): TlsFiles {
  const name = tls.serverName ?? (host !== undefined && isIP(host) === 0 ? host : undefined);
  const { caFile, certFile, keyFile, minVersion = 'TLSv1.2', rejectUnauthorized } = tls;
  const files = {
    ...(caFile === undefined ? {} : { ca: readPem(`${setting}.caFile`, caFile) }),
    ...(certFile === undefined ? {} : { cert: readPem(`${setting}.certFile`, certFile) }),
    ...(keyFile === undefined ? {} : { key: readPem(`${setting}.keyFile`, keyFile) }),
  };
  try {
    createSecureContext(files);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new PipelineError(
      'CONFIG_INVALID',
      `${setting}: the files cannot be used together (${code}): check that keyFile is the key of certFile, without a passphrase`,
      { cause: error },
    );
  }
  return { ...files, ...(name === undefined ? {} : { servername: name }), minVersion, rejectUnauthorized };
}

function readPem(setting: string, path: string): Buffer {
  let text: Buffer;
  try {
    text = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new PipelineError('CONFIG_INVALID', `${setting}: the file ${path} cannot be read (${code})`, {
      cause: error,
      context: { setting, file: path },
    });
  }
  if (text.includes('-----BEGIN ')) return text;
  throw new PipelineError('CONFIG_INVALID', `${setting}: the file ${path} holds no PEM (-----BEGIN …)`, {
    context: { setting, file: path },
  });
}
