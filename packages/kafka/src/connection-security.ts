import { readFileSync } from 'node:fs';
import { PipelineError, type KafkaConfig } from '@sluice/runtime';

/** TLS settings as Node's `tls.connect` takes them: both client libraries hand them on. */
export interface TlsOptions {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly rejectUnauthorized: boolean;
}

/** Reads the certificate files of `kafka.tls`; undefined when the connection is not encrypted. */
export function tlsOptions(config: KafkaConfig): TlsOptions | undefined {
  const tls = config.tls;
  if (tls === undefined) return undefined;
  return {
    rejectUnauthorized: tls.rejectUnauthorized,
    ...(tls.caFile === undefined ? {} : { ca: readPem('kafka.tls.caFile', tls.caFile) }),
    ...(tls.certFile === undefined ? {} : { cert: readPem('kafka.tls.certFile', tls.certFile) }),
    ...(tls.keyFile === undefined ? {} : { key: readPem('kafka.tls.keyFile', tls.keyFile) }),
  };
}

function readPem(setting: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new PipelineError('CONFIG_INVALID', `${setting}: the file ${path} cannot be read`, {
      cause: error,
    });
  }
}
