import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { PipelineError } from './errors.ts';
import type { Logger } from './log.ts';

/** Milliseconds between looks at the files: certificates are renewed while the process runs. */
const LOOK_MS = 10_000;

export interface ListenerTls {
  readonly certFile: string;
  readonly keyFile: string;
  /** Authority of the certificates of clients; undefined where none is asked for. */
  readonly clientCaFile?: string | undefined;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** @throws CONFIG_INVALID when a file cannot be read, or the key is not the certificate's */
export async function readTls(tls: ListenerTls, setting: string): Promise<SecureContextOptions> {
  const where = setting.replace(/\.?[pP]ort$/u, '');
  try {
    const { certFile, keyFile, clientCaFile, minVersion } = tls;
    const [cert, key, ca] = await Promise.all([
      readFile(certFile, 'utf8'),
      readFile(keyFile, 'utf8'),
      clientCaFile === undefined ? undefined : readFile(clientCaFile, 'utf8'),
    ]);
    const files = { cert, key, minVersion, ...(ca === undefined ? {} : { ca }) };
    createSecureContext(files);
    return files;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new PipelineError(
      'CONFIG_INVALID',
      `The files of TLS of ${where} cannot be used (${code}): certFile, keyFile, clientCaFile.`,
      { cause: error },
    );
  }
}

export interface Followed {
  readonly setting: string;
  readonly log: Logger | undefined;
  /** Milliseconds between looks at the files. */
  readonly lookAtFilesMs?: number | undefined;
}

/**
 * Gives a listener renewed certificates, without a restart: new connections get them. Files that cannot be used, as while one of two is
 * written, leave it what it has, and are told once.
 * @returns ends it
 */
export function followTls(
  server: Server,
  { setting, log, lookAtFilesMs = LOOK_MS }: Followed,
  tls: ListenerTls,
): () => void {
  let last = '';
  let isTold = false;
  const look = async (): Promise<void> => {
    try {
      const files = await readTls(tls, setting);
      const text = JSON.stringify(files);
      if (last !== '' && text !== last) {
        server.setSecureContext(files);
        log?.info({ event: 'ops.certificate_renewed', setting }, 'new connections get the new certificate');
      }
      last = text;
      isTold = false;
    } catch (error) {
      if (!isTold)
        log?.warn({ event: 'ops.certificate_kept', setting, err: error }, 'the old certificate stays');
      isTold = true;
    }
  };
  void look();
  const timer = setInterval(() => void look(), lookAtFilesMs);
  timer.unref();
  return () => clearInterval(timer);
}
