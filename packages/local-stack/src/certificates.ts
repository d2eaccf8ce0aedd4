import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface Certificates {
  /** The authority that has signed the others. */
  readonly ca: string;
  /** An authority that has signed none. */
  readonly otherCa: string;
  /** Of a server, for 127.0.0.1 and the name `server.test`. */
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
  /** A certificate like the server's and the client's whose days are over. */
  readonly expired: { readonly cert: string; readonly key: string };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes certificates for tests by `openssl`, in a folder that exists; they are good for two days. */
export function makeCertificates(folder: string): Certificates {
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): unknown =>
    execFileSync('openssl', args, { stdio: 'pipe', cwd: folder });
  const authority = (name: string): string => {
    const subject = ['-subj', `/CN=${name}`];
    openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      '-days',
      '2',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      ...subject,
    );
    return file(`${name}.pem`);
  };
  const ca = authority('ca');
  const signed = (name: string, days: number): { readonly cert: string; readonly key: string } => {
    openssl('req', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-days', String(days), '-out', `${name}.pem`);
    return { cert: file(`${name}.pem`), key: file(`${name}.key`) };
  };
  writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1,DNS:server.test\n');
  return {
    ca,
    otherCa: authority('other-ca'),
    server: signed('server', 2),
    client: signed('client', 2),
    expired: signed('expired', -1),
  };
}
