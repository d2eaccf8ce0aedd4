import type { Flavour } from '@sluice/mysql';
import { GtidSet } from '../orphans/gtid-set.ts';
import type { Servers } from './servers.ts';
import type { Side } from './side.ts';

/** The newest transactions of a server: who has these has all. In the server's own form, which depends on its flavour. */
export interface Mark {
  readonly flavour: Flavour;
  readonly gtids: GtidSet;
}

export async function readMark({ facts: { flavour }, mark }: Side): Promise<Mark> {
  return { flavour, gtids: GtidSet.parse(flavour, await mark()) };
}

/** @param gtidSet what capture has read; null without GTIDs */
export function hasAll(gtidSet: string | null, { flavour, gtids }: Mark): boolean {
  return gtidSet !== null && gtids.minus(GtidSet.parse(flavour, gtidSet)).isEmpty;
}

/** What the old source had when it took no more writes. */
export class LastTransaction {
  readonly #servers: Servers;
  #mark: Mark | null = null;

  constructor(servers: Servers) {
    this.#servers = servers;
  }

  /** The old source takes no more writes now. */
  async note(): Promise<void> {
    this.#mark = await this.#servers.on('old', readMark);
  }

  /** Of one that was locked by an earlier command, what it has now. */
  async mark(): Promise<Mark> {
    this.#mark ??= await this.#servers.on('old', readMark);
    return this.#mark;
  }
}
