import { TopicRouting } from '@sluice/envelope';
import {
  formatPath,
  isLoopback,
  loadConfig,
  opsOf,
  parseSection,
  PipelineError,
  sinkSections,
  type Environment,
  type SluiceConfig,
} from '@sluice/runtime';
import { missingSink, sinkSchemas, type SinkSchemas } from '@sluice/sink-kit/installed';
import type { FileCommand } from './command.ts';
import { show, type Screen } from './screen.ts';
import { spotProblems } from './shared-spots.ts';

export const configValidateCommand: FileCommand = {
  name: 'config validate',
  options: [],
  help: 'every problem of the configuration file, the sinks’ sections included',
  check: configValidate,
};

/** Says every problem of the file at once, those of the sinks' sections included. True when there is none. */
async function configValidate(file: string, env: Environment, screen: Screen): Promise<boolean> {
  const schemas = await sinkSchemas(readable(file, env));
  const wrong = configProblems(file, env, schemas);
  const config = wrong.length === 0 ? loadConfig(file, env) : null;
  const clashes = config === null ? [] : portClashes(config);
  const problems = [
    ...wrong,
    ...(config === null ? [] : await spotProblems(config, schemas)),
    ...clashes.flatMap(({ text, isCertain }) => (isCertain ? text : [])),
  ];
  const warnings = clashes.flatMap(({ text, isCertain }) => (isCertain ? [] : text));
  show(screen, { file, valid: problems.length === 0, problems, warnings }, [], []);
  if (screen.format === 'table') for (const problem of problems) screen.say(problem);
  for (const warning of warnings) screen.say(`warning: ${warning}`);
  if (problems.length === 0) screen.say(`${file} is valid`);
  return problems.length === 0;
}

type Sinks = Pick<SluiceConfig, 'sinks'>;

/** What a file says of sinks, also when other settings are wrong; nothing of one that is no YAML. */
function readable(file: string, env: Environment): Sinks | undefined {
  try {
    return { sinks: sinkSections(file, env) };
  } catch (error) {
    textOf(error);
    return undefined;
  }
}

/** One text per part of the file that is wrong, each with all of its problems. */
export function configProblems(file: string, env: Environment, schemas: SinkSchemas): readonly string[] {
  try {
    const config = loadConfig(file, env);
    const sinks = Object.keys(config.sinks);
    return [
      ...sinks.flatMap((sink) => sectionProblem(config, sink, schemas) ?? []),
      ...(sinks.length > 0 ? splitTopics(config) : []),
    ];
  } catch (error) {
    const text = textOf(error);
    return [text, ...problemsOfSinks(file, env, schemas, text)];
  }
}

/** @param told what was found already: a sink that is named there has been told of */
function problemsOfSinks(
  file: string,
  env: Environment,
  schemas: SinkSchemas,
  told: string,
): readonly string[] {
  const config = readable(file, env) ?? { sinks: {} };
  const sinks = Object.keys(config.sinks).filter((sink) => !isToldOf(told, formatPath(['sinks', sink])));
  return sinks.flatMap((sink) => sectionProblem(config, sink, schemas) ?? []);
}

/** A longer name that begins with this one is another sink. */
function isToldOf(told: string, path: string): boolean {
  const [, ...after] = told.split(path);
  return after.some((rest) => !/^[A-Za-z0-9_-]/.test(rest));
}

export interface PortClash {
  readonly text: string;
  /** Whether both listen on the loopback interface: then they are on one host. */
  readonly isCertain: boolean;
}

/** Ports that two services have: on one host the second cannot start. On hosts of their own they may. */
export function portClashes(config: SluiceConfig): readonly PortClash[] {
  const owners = new Map<number, { readonly setting: string; readonly isLocal: boolean }>();
  const clashes: PortClash[] = [];
  for (const path of [['capture'], ...Object.keys(config.sinks).map((sink) => ['sinks', sink])]) {
    const ops = opsOf(config, path);
    const isLocal = isLoopback(ops.host) && ops.url === undefined;
    for (const name of ['port', 'metricsPort'] as const) {
      const setting = formatPath([...path, 'ops', name]);
      const owner = owners.get(ops[name]);
      if (owner === undefined) owners.set(ops[name], { setting, isLocal });
      else if (ops[name] !== 0) {
        const text = `${setting} is ${ops[name]}, as ${owner.setting}: on one host only one of them can have it`;
        clashes.push({ text, isCertain: isLocal && owner.isLocal });
      }
    }
  }
  return clashes;
}

/** The sinks would refuse to start (TOPICS_SPLIT). */
function splitTopics({ topics }: SluiceConfig): readonly string[] {
  if (!new TopicRouting(topics).splitsOperations) return [];
  return [
    topics.template === undefined
      ? 'topics.strategy: found "operation", which no sink can read: use `table` or `database`, or remove `sinks`'
      : `topics.template: found "${topics.template}", which no sink can read: leave {operation} out, or remove \`sinks\``,
  ];
}

function sectionProblem(config: Sinks, sink: string, schemas: SinkSchemas): string | null {
  const schema = schemas[sink];
  if (schema === undefined) return missingSink(sink, config);
  try {
    parseSection(config, ['sinks', sink], schema);
    return null;
  } catch (error) {
    return textOf(error);
  }
}

/** Throws again what is no problem of the file. */
function textOf(error: unknown): string {
  if (error instanceof PipelineError && error.code === 'CONFIG_INVALID') return error.message;
  throw error;
}
