/** A column type, the values put into it, and where the JSON text is a matter of rule, that text. */
export interface TypeCase {
  /** As written in CREATE TABLE. */
  readonly type: string;
  /** What is special about the values, where another case has the same type. */
  readonly about?: string;
  /** SQL expressions; with the expected JSON text where it is fixed. */
  readonly values: readonly (string | readonly [sql: string, json: string])[];
  /** Servers that have the type or take the values; all when absent. */
  readonly only?: 'mysql' | 'mariadb' | 'mariadb 11.8';
}

/** Types that a reader looks for together. */
export interface TypeFamily {
  readonly title: string;
  readonly cases: readonly TypeCase[];
}

/** A server by flavour and version, as far as it decides which types there are. */
export interface ServerKind {
  readonly flavour: 'mysql' | 'mariadb';
  /** `9.7.0`, `11.8.9` */
  readonly version: string;
}

/** Whether the server has what the case needs. */
export function isFor(only: TypeCase['only'], { flavour, version }: ServerKind): boolean {
  if (only === undefined || only === flavour) return true;
  return only === 'mariadb 11.8' && flavour === 'mariadb' && Number.parseFloat(version) >= 11.8;
}
