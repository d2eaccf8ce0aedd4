/** A name of an image as compose files, manifests and Dockerfiles have it: `registry.example/cdc/kafka:4.3@sha256:…`. */
export interface ImageName {
  /** As it is written, without its digest. */
  readonly text: string;
  /** Where its registry answers: host, and port where one is named. */
  readonly registry: string;
  /** Path in the registry. */
  readonly repository: string;
  readonly tag: string;
  /** `sha256:…`; null for one that is named by its tag alone. */
  readonly digest: string | null;
}

/** The registry of names without one answers there (Docker manual, "Image naming"). */
const HUB = 'registry-1.docker.io';
const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** Null for what is no name of an image, or has no tag. */
export function parseImageName(name: string): ImageName | null {
  const [text = '', digest, ...more] = name.split('@');
  if (more.length > 0 || (digest !== undefined && !isDigest(digest))) return null;
  const [, path = '', tag] = /^([a-z0-9][a-z0-9._/:-]*):([\w][\w.-]{0,127})$/.exec(text) ?? [];
  if (tag === undefined) return null;
  const [first = '', ...rest] = path.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const repository = isHost ? rest.join('/') : path.includes('/') ? path : `library/${path}`;
  const registry = !isHost || first === 'docker.io' ? HUB : first;
  return { text, registry, repository, tag, digest: digest ?? null };
}
