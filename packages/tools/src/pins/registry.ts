import { createHash } from 'node:crypto';
import { isDigest, type ImageName } from './image-name.ts';

/** What keeps a registry from telling a digest. */
export class RegistryProblem extends Error {}

export interface RegistryAccess {
  /** Address of a registry by its host; default: https. */
  readonly addressOf?: (host: string) => string;
  readonly waitMs?: number;
}

const WAIT_MS = 10_000;
/** An index of several platforms first: its digest fits every machine. Then what has one platform alone. */
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/**
 * The digest that a registry has for the tag of an image now (OCI Distribution Specification, "Pulling manifests"). Throws RegistryProblem.
 */
export async function digestOf(
  { registry, repository, tag }: Pick<ImageName, 'registry' | 'repository' | 'tag'>,
  { addressOf = (host) => `https://${host}`, waitMs = WAIT_MS }: RegistryAccess = {},
): Promise<string> {
  const page = new URL(`/v2/${repository}/manifests/${tag}`, addressOf(registry));
  const signal = AbortSignal.timeout(waitMs);
  const ask = async (method: 'HEAD' | 'GET', token: string | null): Promise<Response> => {
    const login = token === null ? {} : { authorization: `Bearer ${token}` };
    return fetch(page, { method, headers: { accept: ACCEPT, ...login }, signal }).catch((error: unknown) => {
      throw new RegistryProblem(`${registry} does not answer`, { cause: error });
    });
  };
  let token: string | null = null;
  let head = await ask('HEAD', token);
  if (head.status === 401) {
    token = await tokenFor(head.headers.get('www-authenticate') ?? '', registry, signal);
    head = await ask('HEAD', token);
  }
  if (!head.ok) throw new RegistryProblem(`${registry} answers ${head.status} for ${repository}:${tag}`);
  const told = head.headers.get('docker-content-digest');
  if (told !== null) return known(told, registry);
  // The header is a "should": the digest is the one of the bytes.
  const manifest = await ask('GET', token);
  if (!manifest.ok)
    throw new RegistryProblem(`${registry} answers ${manifest.status} for ${repository}:${tag}`);
  const bytes = Buffer.from(await manifest.arrayBuffer());
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function known(digest: string, registry: string): string {
  if (!isDigest(digest)) throw new RegistryProblem(`${registry} tells a digest that is no SHA-256`);
  return digest;
}

/**
 * A token for whoever has no login: what a registry asks for first (Distribution, "Token Authentication Specification").
 * @param challenge `Bearer realm="https://…",service="…",scope="…"`
 */
async function tokenFor(challenge: string, registry: string, signal: AbortSignal): Promise<string> {
  const parts = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
  const page = URL.parse(parts.get('realm') ?? '');
  if (!/^Bearer /i.test(challenge) || page === null)
    throw new RegistryProblem(`${registry} asks for a login`);
  for (const name of ['service', 'scope']) {
    const value = parts.get(name);
    if (value !== undefined) page.searchParams.set(name, value);
  }
  const answer = await fetch(page, { signal }).catch((error: unknown) => {
    throw new RegistryProblem(`${page.host} does not answer`, { cause: error });
  });
  const told = answer.ok ? ((await answer.json()) as { token?: unknown; access_token?: unknown }) : {};
  const token = told.token ?? told.access_token;
  if (typeof token !== 'string') throw new RegistryProblem(`${registry} asks for a login`);
  return token;
}
