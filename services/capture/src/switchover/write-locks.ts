import type { Address } from '../orphans/masters.ts';
import { readOnlyStatements, runAllowed, setReadOnly, writesOf } from './read-only.ts';
import { addressOf, type DeedParts, type Servers } from './servers.ts';
import { connectionId } from './side.ts';
import { within, type Patience } from './within.ts';

/** Sets servers read-only or not, itself or by the person, and calls off what has not taken effect. */
export class WriteLocks {
  readonly #servers: Servers;
  readonly #parts: Pick<DeedParts, 'ask' | 'tell' | 'waitMs'>;
  /** Statements that a person was asked for, and that have not been seen to take effect. */
  readonly #asked = new Set<string>();
  /** Connections by which a server is being set read-only or not, by its address. */
  readonly #setting = new Map<string, number>();

  constructor(servers: Servers, parts: Pick<DeedParts, 'ask' | 'tell' | 'waitMs'>) {
    this.#servers = servers;
    this.#parts = parts;
  }

  /** Until the server says so, whoever has done it. */
  async set(where: Address, isOn: boolean, patience: Patience): Promise<void> {
    const address = addressOf(where);
    const wanted = isOn ? 'locked' : 'open';
    await this.#servers.at(where, async ({ connection, facts }) => {
      if ((await writesOf(connection, facts.flavour)) === wanted) return;
      const statements = `on ${address}: ${readOnlyStatements(facts.flavour, isOn).join('; ')};`;
      this.#setting.set(address, await connectionId(connection));
      if (!(await setReadOnly(connection, facts.flavour, isOn, this.#parts.waitMs))) this.ask(statements);
      this.#setting.delete(address);
      await within(`read_only = ${isOn ? 'ON' : 'OFF'} on ${address}`, patience, async () =>
        (await writesOf(connection, facts.flavour)) === wanted ? true : null,
      );
      this.seen(statements);
    });
  }

  /** Only a person may do it. */
  ask(statements: string): void {
    this.#asked.add(statements);
    this.#parts.ask(statements);
  }

  /** What a person was perhaps asked for has taken effect. */
  seen(statements: string): void {
    this.#asked.delete(statements);
  }

  /** What was asked for or sent, and has not taken effect, is not to take effect behind what is taken back. */
  async callOff(where: Address): Promise<void> {
    for (const statements of this.#asked) this.#parts.tell(`do not run this any more: ${statements}`);
    this.#asked.clear();
    const id = this.#setting.get(addressOf(where));
    if (id === undefined) return;
    // It has ended by itself, as a rule.
    await this.#servers
      .at(where, ({ connection }) => runAllowed(connection, [`KILL ${id}`]))
      .catch(() => undefined);
    this.#setting.delete(addressOf(where));
  }
}
