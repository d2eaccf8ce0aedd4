import { z } from 'zod';
import { isLoopback } from '../ops-access.ts';
import { file } from './ops-schema.ts';
import { secretText } from './secret-text.ts';

/** The section `kafka.sasl`. */

/** What a secret may be. */
export const READ_ANEW = '`${file:…}` and `${command:…}` are read again at each connection.';

/** The client credentials grant of OAuth (RFC 6749, 4.4); names as near to those of Kafka's own clients (KIP-768) as ours are. */
const oauthSchema = z
  .strictObject({
    url: z
      .string()
      .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'must begin with https://')
      .meta({ description: 'Where tokens are given (`sasl.oauthbearer.token.endpoint.url`).' }),
    clientId: z.string().min(1).meta({ description: 'Client id.' }),
    clientSecret: secretText(
      'Client secret; `${file:…}` and `${command:…}` are read again for each token.',
      z.string().min(1),
    ),
    scope: z.string().min(1).optional().meta({ description: 'Scopes that are asked for.' }),
    caFile: file.optional().meta({
      description: 'PEM file of the authority of the endpoint; default: those of Node.js.',
    }),
  })
  .refine(({ url }) => url.startsWith('https:') || isLoopback(URL.parse(url)?.hostname ?? ''), {
    path: ['url'],
    message: 'would send the client secret in clear: write https://',
  });

export const saslSchema = z
  .strictObject({
    mechanism: z
      .enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'])
      .meta({ description: 'SASL mechanism.' }),
    username: z.string().min(1).optional().meta({ description: 'SASL user; not with `oauthbearer`.' }),
    password: secretText(`SASL password; not with \`oauthbearer\`. ${READ_ANEW}`).optional(),
    token: secretText(`Access token, for \`oauthbearer\`. ${READ_ANEW}`).optional(),
    oauth: oauthSchema.optional().meta({
      description: 'Instead of `token`: ask an OAuth server for one at each connection (client credentials).',
    }),
  })
  .superRefine(({ mechanism, username, password, token, oauth }, context) => {
    const refuse = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (mechanism === 'oauthbearer') {
      if (username !== undefined || password !== undefined)
        refuse('mechanism', 'oauthbearer takes no username and no password: remove them');
      if ((token === undefined) === (oauth === undefined))
        refuse('token', 'oauthbearer needs token or oauth, one of the two');
      return;
    }
    if (username === undefined) refuse('username', `${mechanism} needs a username`);
    if (password === undefined) refuse('password', `${mechanism} needs a password`);
    if (token !== undefined || oauth !== undefined)
      refuse('mechanism', `${mechanism} takes no token: remove token and oauth, or write oauthbearer`);
  })
  .meta({ description: 'Log in to the brokers.' });

/** Whether a broker is given the secret itself. */
export function sendsSecret({ mechanism }: z.output<typeof saslSchema>): boolean {
  return mechanism === 'plain' || mechanism === 'oauthbearer';
}
