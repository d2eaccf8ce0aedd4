import { loginRefused, loginTaken, readSecret, type Secret } from '@sluice/runtime';

export type Auth = { readonly username: string; readonly password: Secret } | { readonly apiKey: Secret };

/**
 * The header of each request. A request is its own login and connections stay open, so a secret that changes is read again when the
 * cluster no longer takes the one that is known.
 */
export class ElasticsearchLogin {
  readonly #auth: Auth;
  #known: string | null = null;

  constructor(auth: Auth) {
    this.#auth = auth;
  }

  /** As `Authorization` (RFC 7617; of an API key, the Elasticsearch guide). @throws SECRET_UNAVAILABLE */
  async header(): Promise<string> {
    this.#known ??= await this.#read();
    return this.#known;
  }

  /** The header to try after this one was refused; null when nothing has changed. @throws SECRET_UNAVAILABLE */
  async newer(refused: string): Promise<string | null> {
    if (this.#known === refused) this.#known = await this.#read();
    return this.#known === refused ? null : this.#known;
  }

  taken(): void {
    loginTaken(this.#secret);
  }

  /** @throws SECRET_REFUSED while a secret that was good may be changing */
  refused(): void {
    const error = loginRefused(this.#secret, null);
    if (error !== null) throw error;
  }

  get #secret(): Secret {
    return 'apiKey' in this.#auth ? this.#auth.apiKey : this.#auth.password;
  }

  async #read(): Promise<string> {
    if ('apiKey' in this.#auth) return `ApiKey ${await readSecret(this.#auth.apiKey)}`;
    const { username, password } = this.#auth;
    return `Basic ${Buffer.from(`${username}:${await readSecret(password)}`).toString('base64')}`;
  }
}
