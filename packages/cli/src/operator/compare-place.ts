import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { ComparePlace } from '@sluice/compare';
import { CommandFailed } from './command-failed.ts';
import { OWN_FILE } from './new-files.ts';
import { importCompare } from './optional-packages.ts';

/** Behind the name of the report, for the place of the comparison that makes it. */
const PLACE = '.place';
/** Until it is whole. */
const PART = '.part';

/** What has to be the same for a comparison to go on; as `sluice compare` was told. */
export type AskedComparison = Pick<ComparePlace, 'sluice' | 'pipeline' | 'offline' | 'scope' | 'asked'>;

/** Where a comparison is, beside its report, so that `--resume` can go on when it was killed. It holds row values. */
export class PlaceFile {
  readonly path: string;

  /** @param report file that the report is written to */
  constructor(report: string) {
    this.path = report + PLACE;
  }

  /** Throws CommandFailed when there is none, or it is of another comparison. */
  async load(asked: AskedComparison): Promise<ComparePlace> {
    const { comparePlaceSchema, PLACE_VERSION } = await importCompare(() => import('@sluice/compare'));
    const found = await this.#read();
    if (found['version'] !== PLACE_VERSION || found['sluice'] !== asked.sluice)
      throw this.#refused(
        `it is of version ${String(found['sluice'])} (format ${String(found['version'])}), this is ${asked.sluice} (${PLACE_VERSION})`,
      );
    const parsed = comparePlaceSchema.safeParse(found);
    if (!parsed.success)
      throw this.#refused(`it is not what compare has written: ${parsed.error.issues[0]?.message}`);
    const other = otherThan(parsed.data, asked);
    if (other !== null) throw this.#refused(other);
    return parsed.data;
  }

  /** Whole or not at all, whenever the command is killed. Throws CommandFailed. */
  async keep(place: ComparePlace): Promise<void> {
    try {
      // Made again: what is there may be another's, and may be read by others.
      await rm(this.path + PART, { force: true });
      await writeFile(this.path + PART, JSON.stringify(place), { mode: OWN_FILE, flag: 'wx' });
      await rename(this.path + PART, this.path);
    } catch (error) {
      throw new CommandFailed(`--output-file: ${this.path} cannot be written`, { cause: error });
    }
  }

  async remove(): Promise<void> {
    for (const path of [this.path, this.path + PART]) await rm(path, { force: true });
  }

  async #read(): Promise<Record<string, unknown>> {
    const text = await readFile(this.path, 'utf8').catch((error: unknown) => {
      throw new CommandFailed(
        `--resume: there is no ${this.path}: no comparison with this --output-file was interrupted; begin one without --resume`,
        { cause: error },
      );
    });
    try {
      return JSON.parse(text) as Record<string, unknown>;
    } catch (error) {
      throw new CommandFailed(`--resume: ${this.path} is not JSON; begin again without --resume`, {
        cause: error,
      });
    }
  }

  #refused(why: string): CommandFailed {
    return new CommandFailed(
      `--resume: ${this.path} is of another comparison: ${why}; begin again without --resume`,
    );
  }
}

function otherThan(place: ComparePlace, asked: AskedComparison): string | null {
  const differs = (one: unknown, other: unknown): boolean => JSON.stringify(one) !== JSON.stringify(other);
  if (place.pipeline !== asked.pipeline)
    return `it is of pipeline ${place.pipeline}, the file is of ${asked.pipeline}`;
  const [was, is] = [place.offline, asked.offline].map((offline) => (offline ? 'with' : 'without'));
  if (was !== is) return `it was begun ${was} --offline`;
  for (const name of ['where', 'keys', 'sample'] as const)
    if (differs(place.scope[name], asked.scope[name]))
      return `--${name} was ${place.scope[name] ?? 'not given'}`;
  for (const name of ['tables', 'sinks'] as const)
    if (differs(place.asked[name], asked.asked[name]))
      return `its ${name} were ${place.asked[name].join(', ') || 'all'}`;
  return null;
}
