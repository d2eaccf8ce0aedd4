import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What Alertmanager posts to a webhook (version 4 of its payload), as far as it is looked at. */
export interface Notification {
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly {
    readonly status: 'firing' | 'resolved';
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

/** Who is woken: a web server that keeps what Alertmanager posts. */
export class PageReceiver {
  readonly notifications: Notification[] = [];
  /** Answers 500 while true. */
  isBroken = false;
  readonly #server: Server;

  static async start(): Promise<PageReceiver> {
    const receiver = new PageReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      void text(request).then((body) => {
        if (!this.isBroken) this.notifications.push(JSON.parse(body) as Notification);
        response.writeHead(this.isBroken ? 500 : 200).end();
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Whether a notification of that alert came to the receiver of that name. */
  got(receiver: string, alert: string, status: 'firing' | 'resolved'): boolean {
    return this.notifications.some(
      (each) =>
        each.receiver === receiver &&
        each.alerts.some(({ labels, status: now }) => labels['alertname'] === alert && now === status),
    );
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
