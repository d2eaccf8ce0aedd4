import type { InstallerContext } from '../install/program-cache.ts';
import type { Launch } from '../supervision.ts';

export const SERVER_NAMES = [
  'kafka',
  'mysql',
  'mariadb',
  'target-mysql',
  'redis',
  'elasticsearch',
  'prometheus',
  'alertmanager',
] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

/** Folders of the cache that a server runs from. */
export interface Installation {
  readonly program: string;
  /** A freshly initialised data folder to copy, where making one takes long; else null. */
  readonly template: string | null;
}

export interface ServerRun extends Installation {
  /** The server's own folder of this run; exists, is writable by the user the server runs as. */
  readonly folder: string;
  readonly port: number;
  /** A second port, for servers that have one nobody outside needs. */
  readonly innerPort: number;
  /** The user's extra settings, in the server's own notation. */
  readonly flags: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface ServerDefinition {
  readonly title: string;
  install(context: InstallerContext): Promise<Installation>;
  prepare(run: ServerRun): Promise<Omit<Launch, 'logFile'>>;
  /** How it is started in a folder that an earlier version of it has filled; without it there is no other version. */
  takeOver?(run: Omit<ServerRun, 'template'>): Omit<Launch, 'logFile'>;
  /** True once the server gives a proper answer of its own protocol on 127.0.0.1:`port`. */
  answers(host: string, port: number): Promise<boolean>;
}
