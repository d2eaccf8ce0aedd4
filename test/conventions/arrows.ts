import type { Workspace } from './workspaces.ts';

/** What the sources of a package or service may import: ARCHITECTURE.md, "Layout". Arrows point downwards only. */
export interface Arrows {
  /** Workspace packages, without the scope. */
  readonly packages: readonly string[];
  /** Packages of the registry, or `own` for whatever its manifest names (minus Kafka clients). */
  readonly external: readonly string[] | 'own';
  /** No input or output and no clock: the only Node modules it may touch. */
  readonly pureBuiltins?: readonly string[];
  /** Services whose `exports` it may import. */
  readonly services?: readonly string[];
  /** Folders of `src`: a file imports its own folder and those behind it, type imports too. Files in `src` itself stand above all. */
  readonly layers?: readonly string[];
}

export const kafkaClients = [
  'kafkajs',
  '@platformatic/kafka',
  'node-rdkafka',
  '@confluentinc/kafka-javascript',
];

const table: Readonly<Record<string, Arrows>> = {
  'packages/binlog': { packages: [], external: ['iconv-lite'], pureBuiltins: ['node:zlib', 'node:buffer'] },
  'packages/envelope': { packages: [], external: ['zod'], pureBuiltins: ['node:buffer'] },
  'packages/runtime': {
    packages: [],
    external: [
      'zod',
      'pino',
      'prom-client',
      'yaml',
      'fzstd',
      '@bokuweb/zstd-wasm',
      '@opentelemetry/api',
      '@opentelemetry/exporter-trace-otlp-http',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-trace',
    ],
  },
  'packages/kafka': { packages: ['runtime'], external: ['kafkajs', '@platformatic/kafka', '@node-rs/crc32'] },
  'packages/mysql': { packages: ['runtime'], external: ['mysql2'] },
  'packages/ops-api': { packages: ['envelope', 'runtime'], external: ['zod'] },
  'packages/sink-kit': {
    packages: ['envelope', 'runtime', 'kafka', 'ops-api'],
    // vitest and fast-check: the conformance suite in src/testing is part of the kit.
    external: ['opossum', 'zod', 'vitest', 'fast-check'],
  },
  'packages/sql-sink': { packages: ['envelope', 'runtime', 'sink-kit'], external: [] },
  'packages/processes': { packages: ['runtime'], external: [] },
  'packages/local-stack': { packages: ['runtime', 'processes'], external: [] },
  'packages/cli': {
    packages: ['envelope', 'runtime', 'kafka', 'ops-api', 'sink-kit', 'compare', 'sample-shop'],
    // Its own code says what capture would do, and runs it.
    services: ['capture'],
    external: ['commander', 'zod'],
  },
  'packages/compare': {
    packages: ['envelope', 'runtime', 'mysql', 'sink-kit'],
    external: ['mysql2', 'zod'],
  },
  'packages/seeded-random': { packages: [], external: [] },
  'packages/sample-shop': { packages: ['mysql', 'seeded-random'], external: ['@faker-js/faker', 'mysql2'] },
  'packages/demo': {
    packages: [
      'runtime',
      'kafka',
      'ops-api',
      'sink-kit',
      'processes',
      'local-stack',
      'compare',
      'sample-shop',
    ],
    external: ['mysql2'],
  },
  'packages/tools': {
    // local-stack: Helm, of which the manifests of Kubernetes are made.
    packages: ['envelope', 'runtime', 'ops-api', 'sink-kit', 'local-stack'],
    external: ['@grafana/grafana-foundation-sdk', 'koffi', 'yaml'],
  },
  'services/capture': {
    // Of the kit only its dead letters, which capture has too.
    packages: ['binlog', 'envelope', 'runtime', 'kafka', 'mysql', 'ops-api', 'sink-kit'],
    external: ['@vlasky/zongji', 'mysql2', 'zod'],
    layers: [
      'ops',
      'session',
      'tables',
      'switchover',
      'orphans',
      'snapshot',
      'stream',
      'preflight',
      'standby',
      'state',
      'catalog',
      'encode',
      'settings',
      'transform',
      'source',
      'ddl',
      'model',
    ],
  },
};

/** Files with an `import()` of what is known at run time only, and what the name of the module begins with. */
export const computedImports: Readonly<Record<string, string>> = {
  // Parts of sinks, by the exports of their packages.
  'packages/sink-kit/src/installed-sinks.ts': '',
  'packages/cli/src/operator/service-commands.ts': '',
  // The faults of test/faults, one file each.
  'test/harness/faults/find-cases.ts': '',
};

/** `compare` and `demo` are for a sink's `./compare`, `./repair` and `./demo`, which no running service loads. */
const anySink: Arrows = {
  packages: ['envelope', 'runtime', 'sink-kit', 'sql-sink', 'mysql', 'compare', 'demo'],
  external: 'own',
};

export function arrowsOf(workspace: Workspace): Arrows {
  const arrows =
    table[workspace.folder] ?? (workspace.folder.startsWith('services/sink-') ? anySink : undefined);
  if (arrows === undefined) throw new Error(`${workspace.folder} has no arrows: say what it may import`);
  return arrows;
}
