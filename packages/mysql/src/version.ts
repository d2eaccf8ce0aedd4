export type Flavour = 'mysql' | 'mariadb';

export interface ServerVersion {
  readonly flavour: Flavour;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** As the server writes it. */
  readonly text: string;
}

/** MariaDB says so in its version; everything else speaks as MySQL does. */
export function flavourOf(version: string): Flavour {
  return /mariadb/i.test(version) ? 'mariadb' : 'mysql';
}

/**
 * Reads `@@version` or the version of a handshake, where MariaDB puts `5.5.5-` before its own for the sake of old
 * replicas (MariaDB before 11). A text without a version reads as 0.0.0.
 */
export function parseVersion(text: string): ServerVersion {
  const flavour = flavourOf(text);
  const own = flavour === 'mariadb' ? text.replace(/^5\.5\.5-(?=\d)/, '') : text;
  const [major = 0, minor = 0, patch = 0] = (/^(\d+)\.(\d+)(?:\.(\d+))?/.exec(own) ?? [])
    .slice(1)
    .map((part) => Number(part ?? 0));
  return { flavour, major, minor, patch, text };
}

export function isAtLeast(version: ServerVersion, major: number, minor = 0, patch = 0): boolean {
  if (version.major !== major) return version.major > major;
  if (version.minor !== minor) return version.minor > minor;
  return version.patch >= patch;
}
