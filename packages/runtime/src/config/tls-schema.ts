import { isIP } from 'node:net';
import { z } from 'zod';
import { file } from './ops-schema.ts';

/** The section `tls` of every server that Sluice connects to. */

const section = z
  .strictObject({
    caFile: file
      .optional()
      .meta({ description: 'PEM file of the certificate authority; default: those of Node.js.' }),
    certFile: file.optional().meta({ description: 'PEM file of the client certificate.' }),
    keyFile: file.optional().meta({ description: "PEM file of the client certificate's private key." }),
    serverName: z
      .string()
      .min(1)
      .refine(
        (name) => isIP(name) === 0,
        'must be a host name: an address is checked as it stands in the address of the server',
      )
      .optional()
      .meta({ description: 'Name that the certificate must have. Default: the host that is connected to.' }),
    minVersion: z
      .enum(['TLSv1.2', 'TLSv1.3'])
      .default('TLSv1.2')
      .meta({ description: 'Oldest version that the server may speak.' }),
    rejectUnauthorized: z.boolean().default(true).meta({
      description:
        'Refuse a server whose certificate does not verify. `false` gives encryption without identity.',
    }),
  })
  .superRefine(({ certFile, keyFile, serverName, rejectUnauthorized }, context) => {
    const refuse = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (certFile !== undefined && keyFile === undefined)
      refuse('keyFile', 'certFile needs its private key: name the file, or remove certFile');
    if (keyFile !== undefined && certFile === undefined)
      refuse('certFile', 'keyFile needs its certificate: name the file, or remove keyFile');
    if (serverName !== undefined && !rejectUnauthorized)
      refuse('serverName', 'nobody checks it with rejectUnauthorized: false: remove one of the two');
  });

type Section = z.output<typeof section>;
export type ClientTls = Omit<Section, 'minVersion'> & Partial<Pick<Section, 'minVersion'>>;

/** @param otherwise what holds without the setting */
export function tlsSchema(otherwise: string) {
  return z
    .union([section, z.literal('off')])
    .optional()
    .meta({
      description: `Encrypt the connection; \`{}\` is enough where the certificate is publicly signed, \`off\` sends everything in clear. ${otherwise}`,
    });
}

export type TlsSetting = ClientTls | 'off' | undefined;
