import type { SluiceConfig } from '@sluice/runtime';
import type { Address } from '../orphans/masters.ts';
import type { CaptureControl } from './capture-control.ts';
import { withSide, type Login, type Side } from './side.ts';

/** Longer than a step may take, for the answers of a server in it (ms). */
export const ANSWER_MS = 10_000;

export interface DeedParts {
  readonly config: SluiceConfig;
  readonly old: Address;
  readonly to: Address;
  /** Who sets servers read-only; null: the login of `source`. */
  readonly login: Login | null;
  readonly capture: CaptureControl;
  /** How long each step may take (ms). */
  readonly waitMs: number;
  /** Tells the person what only a person may do. */
  readonly ask: (text: string) => void;
  /** Tells the person what has to be looked at. */
  readonly tell: (text: string) => void;
}

export const addressOf = ({ host, port }: Address): string => `${host}:${port}`;

/** The old source and the new one, each asked by a connection of its own. */
export class Servers {
  readonly #parts: Pick<DeedParts, 'config' | 'old' | 'to' | 'login' | 'waitMs'>;

  constructor(parts: Pick<DeedParts, 'config' | 'old' | 'to' | 'login' | 'waitMs'>) {
    this.#parts = parts;
  }

  on<T>(which: 'old' | 'new', work: (side: Side) => Promise<T>): Promise<T> {
    const { old, to } = this.#parts;
    return this.at(which === 'old' ? old : to, work);
  }

  at<T>(where: Address, work: (side: Side) => Promise<T>): Promise<T> {
    const { config, login, waitMs } = this.#parts;
    return withSide(config, where, login, work, waitMs + ANSWER_MS);
  }
}
