import { OnDemandServers } from '@sluice/local-stack';

/** For `vitest --project conformance` without the runner: one set of servers for all files, each started when a file names it. */
export async function setup(): Promise<() => Promise<void>> {
  const servers = await OnDemandServers.open({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  Object.assign(process.env, servers.env);
  return () => servers.stop();
}
