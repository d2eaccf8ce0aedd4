import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { PipelineError } from '@sluice/runtime';
import { addressText } from './addresses.ts';
import { ADDRESS_VARIABLES } from './environment.ts';
import { onDemand, socketPath, type Answer } from './on-demand-address.ts';
import { SERVER_NAMES, type ServerName } from './servers/server.ts';
import type { Stack } from './stack.ts';
import { startStack, type StackOptions } from './start-stack.ts';

type Options = Omit<StackOptions, 'servers'>;

/** Servers for many processes, each started when the first of them names it. */
export class OnDemandServers {
  /** What makes `startStack` of other processes use these servers. */
  readonly env: Readonly<Record<string, string>>;
  readonly #options: Options;
  readonly #stacks = new Map<ServerName, Promise<Stack>>();
  readonly #losses: string[] = [];
  readonly #socket: Server;

  /** Nothing is started yet. A server whose address is in the environment stays as it is. */
  static async open(options: Options): Promise<OnDemandServers> {
    const name = `sluice-servers-${randomBytes(6).toString('hex')}`;
    const servers = new OnDemandServers(options, name);
    servers.#socket.listen(socketPath(name));
    await once(servers.#socket, 'listening');
    return servers;
  }

  private constructor(options: Options, name: string) {
    const given = options.env ?? process.env;
    const variables = Object.values(ADDRESS_VARIABLES);
    this.env = Object.fromEntries(
      variables.map((variable) => [variable, given[variable]?.trim() || onDemand(name)]),
    );
    this.#options = options;
    this.#socket = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket));
  }

  /**
   * Servers that have ended though nobody killed them, a text each with the end of its log; every one is told once. Such a server
   * is started afresh for whoever asks next: a crash spoils the tests that it hits, and not all that follow.
   */
  async losses(): Promise<readonly string[]> {
    for (const [name, stack] of this.#stacks) await this.#noteLoss(name, stack);
    return this.#losses.splice(0);
  }

  /** Ends the servers that were started. */
  async stop(): Promise<void> {
    this.#socket.close();
    const stacks = await Promise.allSettled(this.#stacks.values());
    const started = stacks.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    await Promise.all(started.map((stack) => stack.stop()));
  }

  async #serve(socket: Socket): Promise<void> {
    socket.on('error', () => undefined); // whoever asked has ended
    const answer = await this.#answer(await text(socket).catch(() => ''));
    socket.end(JSON.stringify(answer));
  }

  async #answer(asked: string): Promise<Answer> {
    try {
      const name = SERVER_NAMES.find((each) => each === asked);
      if (name === undefined)
        throw new PipelineError('STACK_SERVER_FAILED', `no server is called "${asked}"`);
      return { address: addressText(await this.#started(name), name) };
    } catch (error) {
      const code = error instanceof PipelineError ? error.code : 'STACK_SERVER_FAILED';
      return { code, message: error instanceof Error ? error.message : String(error) };
    }
  }

  async #started(name: ServerName): Promise<Stack> {
    const known = this.#stacks.get(name);
    if (known !== undefined) await this.#noteLoss(name, known);
    const running = this.#stacks.get(name);
    if (running !== undefined) return running;
    const started = startStack({ ...this.#options, servers: [name] });
    this.#stacks.set(name, started);
    return started;
  }

  async #noteLoss(name: ServerName, stack: Promise<Stack>): Promise<void> {
    // A start that fails tells those who asked for it.
    const loss = await stack.then(
      (started) => started.lost(name),
      () => null,
    );
    if (loss === null || this.#stacks.get(name) !== stack) return;
    this.#stacks.delete(name);
    this.#losses.push(loss.message);
    await (await stack).stop();
  }
}
