import type { Environment, SluiceConfig } from '@sluice/runtime';
import type { OptionValues } from './option-values.ts';
import type { OptionName } from './options.ts';
import type { OutputFormat, Screen } from './screen.ts';

interface Declaration {
  /** As it is written: `dlq list`; the last word of `sink NAME` stands for any. */
  readonly name: string;
  /** The line of the help. */
  readonly help: string;
  /** Beside those of all commands. */
  readonly options: readonly OptionName[];
  /** What may follow the name, any number of them, as the help shows it: `TABLE…`. Absent: nothing may. */
  readonly operands?: string;
  /** Exit codes beside those of all commands, for the help. */
  readonly exits?: string;
  /** Formats of `--output` beside those of all commands. */
  readonly formats?: readonly OutputFormat[];
  /** Options that may be given several times, and then all count; any other is refused at the second time. */
  readonly several?: readonly OptionName[];
}

/** Runs a service in this process, which ends with it. */
export interface ServiceCommand extends Declaration {
  readonly start: (line: CommandLine) => Promise<void>;
}

/** Looks at the configuration file itself. Resolves to whether it is right. */
export interface FileCommand extends Declaration {
  readonly check: (file: string, env: Environment, screen: Screen) => Promise<boolean>;
}

/** Writes a text that follows from the commands alone; throws UsageError. */
export interface TextCommand extends Declaration {
  readonly tell: (line: CommandLine, commands: readonly Command[]) => string;
}

/** Whether all that was asked for was done; `different`: it was, and two sides are not equal. */
export type Done = boolean | 'different';

/** Asks or changes a pipeline. */
export interface PipelineCommand extends Declaration {
  /**
   * What it connects to itself beside the services: an operator's shell needs the secrets of that, and no others. `source` is the source and
   * Kafka.
   */
  readonly connects: 'nothing' | 'kafka' | 'source' | 'everything';
  readonly run: (line: CommandLine, config: SluiceConfig, screen: Screen) => Promise<Done>;
}

export type Command = ServiceCommand | FileCommand | TextCommand | PipelineCommand;

/** A command line as the commands take it. */
export interface CommandLine {
  /** The last word of `sink NAME`; empty otherwise. */
  readonly name: string;
  /** What follows the name of a command that takes operands. */
  readonly operands: readonly string[];
  readonly output: OutputFormat;
  /** `--config`; undefined: SLUICE_CONFIG, then `sluice.yaml`. */
  readonly config: string | undefined;
  /** False: only say what would happen. */
  readonly performs: boolean;
  readonly values: OptionValues;
}
