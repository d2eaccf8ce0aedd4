/** A name of an image as compose files, manifests and Dockerfiles have it: `registry.example/cdc/kafka:4.3@sha256:…`. */
export interface ImageName {
  /** As it is written, without its digest. */
  readonly text: string;
  /** Without tag and digest. */
  readonly repository: string;
  /** `sha256:…`; null for one that is named by its tag alone. */
  readonly digest: string | null;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** Null for what is no name of an image, or has no tag. */
export function parseImageName(name: string): ImageName | null {
  const [text = '', digest, ...more] = name.split('@');
  if (more.length > 0 || (digest !== undefined && !isDigest(digest))) return null;
  const [, repository] = /^([a-z0-9][a-z0-9._/:-]*):\w[\w.-]{0,127}$/.exec(text) ?? [];
  return repository === undefined ? null : { text, repository, digest: digest ?? null };
}
