import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMetrics } from '../src/metrics.ts';
import type { AuditEntry, AuditLog } from '../src/ops-audit.ts';
import { startOpsServers, type OpsServers, type OpsServersOptions } from '../src/ops-servers.ts';

const opened: (() => unknown)[] = [];

/** Of `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const close of opened.splice(0).reverse()) await close();
}

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-ops-'));
  opened.push(() => rm(folder, { recursive: true }));
  return folder;
}

/** The line of a file of tokens. */
export function tokenLine(name: string, role: string, token: string): string {
  return `${name} ${role} ${createHash('sha256').update(token).digest('hex')}`;
}

export async function tokensFile(...lines: readonly string[]): Promise<string> {
  const file = join(await newFolder(), 'tokens');
  await writeFile(file, lines.join('\n'));
  return file;
}

/** Servers with free ports, and a route for orders of each kind. */
export async function startServers(more: Partial<OpsServersOptions> = {}): Promise<OpsServers> {
  const servers = await startOpsServers({
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    registry: createMetrics('test').registry,
    health: () => ({ ready: true, components: {} }),
    status: () => ({ fine: true }),
    setting: 'capture.ops',
    routes: [
      {
        method: 'POST',
        path: '/api/v1/things/:id',
        role: 'operator',
        handle: ({ principal }) => ({ status: 202, body: { principal } }),
      },
    ],
    ...more,
  });
  opened.push(() => servers.close());
  return servers;
}

/** Keeps entries in memory. */
export class AuditList implements AuditLog {
  readonly entries: AuditEntry[] = [];
  trouble: string | null = null;

  record(entry: AuditEntry): Promise<void> {
    this.entries.push(entry);
    return Promise.resolve();
  }
}
