import type { Flavour } from '../histories/replica.ts';
import type { FaultCase } from './fault-case.ts';
import type { Scene } from './scene.ts';
import { SourceRoles } from './source-roles.ts';
import { sourceAddress, streamOf } from './source-stream.ts';

/** A watch asks once a minute who answers. */
const NOTICED_MS = 120_000;
/** A session of capture asks on fewer connections than this. */
const MOST_CONNECTIONS = 60;
const AGAIN_MS = 60_000;

/** The name leads to another server, and the old one lives on, idle: the link to it says nothing of that. */
export function nameMoves(flavour: Flavour): FaultCase {
  return {
    title: `the name of the source (${flavour}) leads to its replica, which takes its place, and the old one lives on without writes: capture notices within two minutes, and goes on there`,
    recoverySeconds: 45,
    limitSeconds: 400,
    replicated: flavour,
    pipeline: { onFatal: 'stay' },
    run: async (scene) => {
      await readByOneAddress(scene);
      await new SourceRoles(scene.replicated).handOver();
      const { host, port } = scene.replicated.servers.replica;
      scene.proxies.source.leadTo({ host, port });
      const begun = performance.now();
      const isThere = async (): Promise<boolean> => (await streamOf(scene))?.generation === 2;
      await scene.sign('capture to go on where the name leads', isThere, NOTICED_MS);
      const seconds = Math.round((performance.now() - begun) / 1000);
      scene.figures.push(`capture went on where the name leads after ${seconds} s`);
      scene.over();
    },
  };
}

/** Each connection of a start leads to the replica once: rows and binlog are of one server, or there is no start. */
export function addressSpreads(flavour: Flavour): FaultCase {
  return {
    title: `the address of the source (${flavour}) leads to its replica for one connection: each of those that capture opens at a start once, that of the binlog among them`,
    recoverySeconds: 45,
    limitSeconds: 600,
    replicated: flavour,
    pipeline: { onFatal: 'stay' },
    run: async (scene) => {
      await readByOneAddress(scene);
      const { source } = scene.proxies;
      const { host, port } = scene.replicated.servers.replica;
      let strayed = 0;
      for (; strayed < MOST_CONNECTIONS; strayed++) {
        source.strayAt(strayed + 1, { host, port });
        source.reset();
        await scene.flows(undefined, AGAIN_MS);
        if (source.willStray) break;
      }
      if (strayed === MOST_CONNECTIONS) throw new Error('a start has no end of connections');
      const said = scene.service('capture').output.split('"code":"SOURCE_MOVED"').length - 1;
      scene.figures.push(`${strayed} connections of a start led astray, told by SOURCE_MOVED ${said} times`);
      if (said === 0) throw new Error('SOURCE_MOVED was never told');
      source.moveTo(sourceAddress(scene));
      scene.over();
    },
  };
}

/** Capture knows one address of the source, which is not the one of applications. */
async function readByOneAddress(scene: Scene): Promise<void> {
  const { source } = scene.proxies;
  scene.pipeline.configure({ source: { hosts: undefined, host: source.host, port: source.port } });
  const capture = scene.service('capture');
  await capture.stop();
  await capture.relaunch();
  await scene.flows(undefined, AGAIN_MS);
}
