import type { SinkName } from '../pipelines/sink-pipeline.ts';
import type { Flavour } from '../histories/replica.ts';
import type { BrokerCount, KeptName } from './fault-servers.ts';
import type { PipelineWishes } from './service-launcher.ts';
import type { Scene } from './scene.ts';

/** One fault: what happens, and what besides the general promise must hold. A file of test/faults exports one as `fault`. */
export interface FaultCase {
  /** What happens, as a sentence without a full stop. */
  readonly title: string;
  /** Seconds from the end of the fault until a row committed then must be in every store. */
  readonly recoverySeconds: number;
  /** One of the short ones, which run with `npm test`. */
  readonly inEveryRun?: boolean;
  /** Causes the fault under load, looks for the signs of it, ends it. Throws what is not as it must be. */
  readonly run: (scene: Scene) => Promise<void>;
  /** Records that the fault makes dead letters, by sink; none by default. */
  readonly deadLetters?: Partial<Readonly<Record<SinkName, number>>>;
  /** Services that may end by themselves and ask to be restarted, and how often. */
  readonly restarts?: Partial<Readonly<Record<KeptName, number>>>;
  /** Services that must end and say "fix me": the case fixes and relaunches them. */
  readonly mustStop?: readonly KeptName[];
  /** Tables besides the usual ones that must be equal in the end. */
  readonly tables?: readonly string[];
  /** A pipeline of its own, which nobody uses after it. */
  readonly pipeline?: PipelineWishes;
  /** An operator lets capture leave changes out (`--accept lost-checkpoint`): a snapshot makes up for them, not the topics. */
  readonly leavesChangesOut?: boolean;
  /** An operator puts back an older checkpoint: changes come to the topics once more, with the sequences that they had. */
  readonly publishesAgain?: boolean;
  /** Seconds until the case is given up; 240 by default. */
  readonly limitSeconds?: number;
  /** How many brokers Kafka has; 1 by default. */
  readonly brokers?: BrokerCount;
  /** The source is of this kind and has a replica. */
  readonly replicated?: Flavour;
  /** Kills Elasticsearch: only with one of its own. */
  readonly killsElasticsearch?: boolean;
}
