import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Client } from '@elastic/elasticsearch';
import { freePorts, makeCertificates, type Certificates, type Stack } from '@sluice/local-stack';
import { ownServers } from '../pipelines/own-servers.ts';
import type { Scope } from '../scope.ts';
import type { StoreServers, TlsSection } from '../pipelines/sink-stores.ts';
import { addScramUsers } from './scram-users.ts';
import { shippedRedisUsers, shippedRole, type ElasticsearchRole } from './shipped-rules.ts';

/** Names of the principals that `infra/kafka/acls.sh` gives rights to, behind `sluice-`. */
export const PRINCIPALS = ['capture', 'redis', 'elasticsearch', 'mysql', 'command'] as const;
export type Principal = (typeof PRINCIPALS)[number];

/** The password of every account here. */
export const PASSWORD = 'Least-rights-7';

/** That the user of the sink has as soon as there is such a role. */
export const REBUILD_ROLE = 'sluice-rebuild';

const ADMINISTRATOR = 'administrator';

export interface GuardedStack {
  /** Where tests ask as administrator: Kafka's other listener, Redis's unnamed user, a login in the address of Elasticsearch. */
  readonly stack: StoreServers & Pick<Stack, 'kafka'>;
  /** Without a login. */
  readonly elasticsearch: string;
  /** The address that asks for a client certificate and a login, with the name of the account. */
  readonly redis: string;
  /** Gives another password to the accounts of Kafka, which are of the whole stack. */
  readonly setKafkaPassword: (password: string) => Promise<void>;
  /** Of Kafka's listener that asks for a client certificate and a name. */
  readonly brokers: readonly string[];
}

/** Two MySQL servers with certificates of one authority, from which accounts may demand one as well. */
export interface CertifiedServers {
  readonly files: Certificates;
  /** What every client shows, and by whom servers are known. */
  readonly tls: TlsSection;
  readonly stack: Stack;
}

export async function certifiedServers(scope: Scope): Promise<CertifiedServers> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-certificates-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const files = makeCertificates(folder);
  const { ca, server, client } = files;
  const flags = [`--ssl-ca=${ca}`, `--ssl-cert=${server.cert}`, `--ssl-key=${server.key}`];
  const stack = await ownServers(scope, { mysql: flags, 'target-mysql': flags });
  const tls = { caFile: ca, certFile: client.cert, keyFile: client.key, rejectUnauthorized: true } as const;
  return { files, tls, stack };
}

/**
 * Kafka with its authorizer and SCRAM, Redis with the shipped user and Elasticsearch with the shipped role, beside the MySQL servers; all by
 * TLS with client certificates. Kafka has no rules yet. @param database that the rights of the stores are about
 */
export async function guardedStack(
  scope: Scope,
  { files, tls, stack: mysql }: CertifiedServers,
  database: string,
): Promise<GuardedStack> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-rights-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const put = async (name: string, lines: readonly string[]): Promise<string> => {
    await writeFile(join(folder, name), `${lines.join('\n')}\n`);
    return join(folder, name);
  };
  const [port = 0, redisPort = 0] = await freePorts(2);
  const { ca, server } = files;
  const pem = await put('server-with-key.pem', [
    await readFile(server.key, 'utf8'),
    await readFile(server.cert, 'utf8'),
  ]);
  const users = (await shippedRedisUsers(database, PASSWORD)).filter(
    (line) => !line.startsWith('user default '),
  );
  const role = await shippedRole(`${database}-`, database);
  const roles = { sluice: role, ...lesserRoles(role) };
  const stack = await ownServers(scope, {
    kafka: kafkaFlags(port, pem, ca),
    redis: [
      ...redisFlags(redisPort, files),
      '--aclfile',
      await put('users.acl', ['user default on nopass ~* &* +@all', ...users]),
    ],
    elasticsearch: [
      'xpack.security.enabled=true',
      'xpack.security.http.ssl.enabled=true',
      `xpack.security.http.ssl.certificate=${basename(server.cert)}`,
      `xpack.security.http.ssl.key=${basename(server.key)}`,
      `xpack.security.http.ssl.certificate_authorities=${basename(ca)}`,
      'xpack.security.http.ssl.client_authentication=required',
      ...[server.cert, server.key, ca].map((file) => `@${file}`),
      'xpack.security.transport.ssl.enabled=false',
      // How soon it reads its files of users and roles again; 5 s by default.
      'resource.reload.interval.high=500ms',
      ...(await loginFiles(put, roles)),
    ],
  });
  const setKafkaPassword = (password: string): Promise<void> =>
    addScramUsers(
      stack.kafka.brokers[0] ?? '',
      PRINCIPALS.map((name) => `sluice-${name}`),
      password,
    );
  await setKafkaPassword(PASSWORD);
  const node = stack.elasticsearch.node.replace('http:', 'https:');
  const asAdministrator = node.replace('://', `://${ADMINISTRATOR}:${PASSWORD}@`);
  return {
    stack: {
      kafka: stack.kafka,
      redis: stack.redis,
      targetMysql: mysql.targetMysql,
      elasticsearch: { node: asAdministrator, tls },
    },
    brokers: [`127.0.0.1:${port}`],
    redis: `rediss://sluice@127.0.0.1:${redisPort}`,
    setKafkaPassword,
    elasticsearch: node,
  };
}

/** A second port asks for a client certificate; the administrator comes by the first. */
function redisFlags(port: number, { ca, server }: Certificates): string[] {
  const files = ['--tls-cert-file', server.cert, '--tls-key-file', server.key, '--tls-ca-cert-file', ca];
  return ['--tls-port', String(port), ...files, '--tls-auth-clients', 'yes'];
}

/** A second listener asks for a client certificate and a name; whoever comes by the first is a super user. */
function kafkaFlags(port: number, pem: string, ca: string): string[] {
  return [
    `listeners=PLAINTEXT://127.0.0.1:{port},CLIENTS://127.0.0.1:${port},CONTROLLER://127.0.0.1:{innerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:{port},CLIENTS://127.0.0.1:${port}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CLIENTS:SASL_SSL,CONTROLLER:PLAINTEXT',
    'listener.name.clients.sasl.enabled.mechanisms=SCRAM-SHA-512',
    'listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'listener.name.clients.ssl.client.auth=required',
    'listener.name.clients.ssl.keystore.type=PEM',
    `listener.name.clients.ssl.keystore.location=${pem}`,
    'listener.name.clients.ssl.truststore.type=PEM',
    `listener.name.clients.ssl.truststore.location=${ca}`,
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users=User:ANONYMOUS',
  ];
}

/** The user who has the role without one of its privileges. */
export const withoutUser = (privilege: string): string => `without-${privilege}`;

function lesserRoles(role: ElasticsearchRole): Record<string, ElasticsearchRole> {
  const without = (all: readonly string[], one: string): string[] => all.filter((other) => other !== one);
  const privileges = [...role.cluster, ...role.indices.flatMap((index) => index.privileges)];
  const lesser = privileges.map((privilege): [string, ElasticsearchRole] => [
    withoutUser(privilege),
    {
      cluster: without(role.cluster, privilege),
      indices: role.indices.map((index) => ({
        ...index,
        privileges: without(index.privileges, privilege),
      })),
    },
  ]);
  return Object.fromEntries(lesser);
}

/** A user for each role, of the same name. JSON is YAML. */
async function loginFiles(
  put: (name: string, lines: readonly string[]) => Promise<string>,
  roles: Readonly<Record<string, ElasticsearchRole>>,
): Promise<string[]> {
  const hash = hashed(PASSWORD);
  const files = [
    put('roles.yml', Object.entries(roles).map(roleLine)),
    put(
      'users',
      [...Object.keys(roles), ADMINISTRATOR].map((name) => `${name}:${hash}`),
    ),
    put('users_roles', [
      ...Object.keys(roles).map((name) => `${name}:${name}`),
      // The role is not there yet.
      `${REBUILD_ROLE}:sluice`,
      `superuser:${ADMINISTRATOR}`,
    ]),
  ];
  return (await Promise.all(files)).map((file) => `@${file}`);
}

/** In the file of the users, which Elasticsearch reads again within seconds (guide, "File-based user authentication"). */
export async function setElasticsearchPassword(administrator: Client, password: string): Promise<void> {
  const file = await loginFile(administrator, 'users');
  const users = await readFile(file, 'utf8');
  await writeFile(
    file,
    users.replace(/^sluice:.*$/m, () => `sluice:${hashed(password)}`),
  );
}

/** In the file of the roles, which is read again likewise. */
export async function addElasticsearchRole(
  administrator: Client,
  name: string,
  role: ElasticsearchRole,
): Promise<void> {
  const file = await loginFile(administrator, 'roles.yml');
  await appendFile(file, `${roleLine([name, role])}\n`);
}

/** Elasticsearch takes one role from each part of the file that begins at the margin. */
function roleLine([name, role]: readonly [string, ElasticsearchRole]): string {
  return `${name}: ${JSON.stringify(role)}`;
}

async function loginFile(administrator: Client, name: string): Promise<string> {
  const { nodes } = await administrator.nodes.info({ metric: 'settings' });
  const [data] = Object.values(nodes).flatMap(({ settings }) => settings?.path?.data ?? []);
  return join(data ?? '', '..', 'config', name);
}

/** As the file realm reads it (Elasticsearch guide, "File-based user authentication" and its password hashing algorithms). */
function hashed(password: string): string {
  const salt = randomBytes(32);
  const key = pbkdf2Sync(password, salt, 10_000, 32, 'sha512');
  return `{PBKDF2}10000$${salt.toString('base64')}$${key.toString('base64')}`;
}
