import { readClientTls, type KafkaConfig, type TlsFiles } from '@sluice/runtime';

/** Reads the certificate files of `kafka.tls`; undefined when the connection is not encrypted. Throws CONFIG_INVALID. */
export function tlsOptions({ tls }: KafkaConfig): TlsFiles | undefined {
  return tls === undefined || tls === 'off' ? undefined : readClientTls(tls, 'kafka.tls');
}
