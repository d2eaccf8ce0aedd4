import { z } from 'zod';
import { isLoopback } from '../ops-access.ts';

/** Of a port; 0 takes a free one where this host listens. */
export const PORT = z.int().min(0).max(65535);
/** Name of a file. */
export const file = z.string().min(1);
const host = z.string().min(1);

const TLS = {
  description:
    'Answer by https only. The files are read again while the service runs: a renewed certificate needs no restart.',
};

/** Of a port that this host listens on. */
const listenerTlsSchema = z
  .strictObject({
    certFile: file.meta({
      description: 'PEM file of the certificate, with those of its authorities up to the root.',
    }),
    keyFile: file.meta({ description: "PEM file of the certificate's private key." }),
    minVersion: z
      .enum(['TLSv1.2', 'TLSv1.3'])
      .default('TLSv1.2')
      .meta({ description: 'Oldest version that a client may speak.' }),
  })
  .meta(TLS);

/** @param whoever what a client is that has a certificate of the authority */
const clientTlsSchema = (whoever: string) =>
  listenerTlsSchema
    .extend({
      clientCaFile: file
        .optional()
        .meta({ description: `PEM file of the authority of client certificates: ${whoever}` }),
    })
    .meta(TLS);

const metricsSchema = z
  .strictObject({
    host: host.optional().meta({ description: 'Address of that port. Default: `host` of the section.' }),
    tls: clientTlsSchema('nobody else gets metrics.').optional(),
  })
  .optional()
  .meta({ description: 'The listener of `/metrics`.' });

const opsUrlSchema = z
  .string()
  .regex(/^https?:\/\/[^/\s]+\/?$/u, 'must be http://HOST:PORT or https://HOST:PORT')
  .meta({
    description:
      'Where `sluice` reaches the service, when it is not `host` and `port`, such as `http://capture:8080` from another container.',
  });

/** Sections in the order of their default ports, so that the services of a pipeline run on one host as they are. */
const SERVICES = ['capture', 'redis', 'elasticsearch', 'mysql'];
const FIRST_PORT = 8080;
const FIRST_METRICS_PORT = 9090;
const AUDITOR_METRICS_PORT = 9094;

/** `ops` of the service with this section, `capture` or the type of a sink; a sink that is not known here comes last. */
export function opsSchemaFor(section: string) {
  const known = SERVICES.indexOf(section);
  const place = known < 0 ? SERVICES.length : known;
  const port = PORT.default(FIRST_PORT + place);
  return z
    .strictObject({
      host: host.default('127.0.0.1').meta({
        description: 'Address that API, probes and metrics listen on; `0.0.0.0` in a container.',
      }),
      port: port.meta({
        description: 'Port of the ops API, and of `/livez` and `/readyz` without a listener of their own.',
      }),
      url: opsUrlSchema.optional(),
      tls: clientTlsSchema(
        'a line `NAME ROLE certificate` of `tokensFile` says what the one with that common name may do.',
      ).optional(),
      metricsPort: PORT.default(FIRST_METRICS_PORT + place).meta({ description: 'Port of `/metrics`.' }),
      metrics: metricsSchema,
      probes: z
        .strictObject({
          host: host.optional().meta({ description: 'Its address. Default: `host` of the section.' }),
          port: PORT.meta({ description: 'Its port.' }),
          tls: listenerTlsSchema.optional(),
        })
        .optional()
        .meta({
          description:
            'A listener for `/livez` and `/readyz` alone, which the port of the API then no longer answers: what probes needs no token and no certificate.',
        }),
      allowedHosts: z.array(z.string().min(1).toLowerCase()).default([]).meta({
        description:
          'Further names that clients reach the service by. Addresses, names without a dot and those of a private zone (`.local`, `.internal`, `.svc`) need no mention; any other name is refused with 421, because a web page can make its own lead here.',
      }),
      tokensFile: file.optional().meta({
        description:
          'File with the tokens of those who may ask the ops port, a line each: name, role (`viewer`, `operator`, `admin`), SHA-256 of the token, or `certificate` for one of `tls.clientCaFile`. It is read again at each request. `/livez`, `/readyz` and `/metrics` need none.',
      }),
      insecure: z.boolean().default(false).meta({
        description:
          'Listen beyond this host although anybody who reaches the port may give orders: only behind a network that lets nobody through.',
      }),
    })
    .refine(({ host, tokensFile, insecure }) => isLoopback(host) || tokensFile !== undefined || insecure, {
      path: ['tokensFile'],
      message:
        'whoever reaches this address could give orders: name a file of tokens, or write insecure: true where no stranger gets there',
    })
    .refine(({ tls, tokensFile }) => tls?.clientCaFile === undefined || tokensFile !== undefined, {
      path: ['tokensFile'],
      message:
        'nobody has a role by his certificate: name the file that says so, with lines NAME ROLE certificate',
    })
    .meta({
      description:
        'Where this service shows its health and metrics; every service on one host needs its own ports.',
    });
}

/** Of `sluice compare --continuous`, which has metrics alone; the names are those of services. */
export const auditorSchema = z
  .strictObject({
    ops: z
      .strictObject({
        host: host.default('127.0.0.1').meta({
          description: 'Address that metrics listen on; `0.0.0.0` in a container.',
        }),
        metricsPort: PORT.default(AUDITOR_METRICS_PORT).meta({ description: 'Port of `/metrics`.' }),
        metrics: metricsSchema,
      })
      .prefault({})
      .meta({ description: 'Where it shows its metrics. `--listen` takes the place of address and port.' }),
  })
  .meta({ description: '`sluice compare --continuous`, which compares all the time.' });
