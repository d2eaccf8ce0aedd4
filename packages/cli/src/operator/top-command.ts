import { LiveScreen, readStatus, RecentReadings, renderView, type PipelineView } from '@sluice/ops-api/live';
import { abortableDelay, whenAborted, type SluiceConfig } from '@sluice/runtime';
import type { CommandLine, PipelineCommand } from './command.ts';
import { interruption } from './interruption.ts';
import type { OptionValues } from './option-values.ts';
import { whoAsks } from './ops-url.ts';
import { answersOf } from './pipeline-status.ts';
import { onQuitKey } from './quit-keys.ts';
import type { Screen } from './screen.ts';
import type { ServiceAnswer } from './service-line.ts';
import { topView, type LiveProcess } from './top-view.ts';

const EVERY_SECONDS = 2;
/** Processes are looked for, which asks Kafka; between that only their pages are read. */
const FIND_MS = 5000;
const COLUMNS_OF_PIPES = 120;

export const topCommand: PipelineCommand = {
  name: 'top',
  options: ['interval', 'token-file', 'ca-file'],
  help: 'live view of all processes: state, rates, lag, latency, dead letters; q ends it',
  connects: 'kafka',
  run: top,
};

/** Until `q`, Ctrl-C or SIGTERM, or until nobody reads it any more. In a pipe each look is a table of its own, with `--output json` a document. */
async function top({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const everyMs = (values.wholeNumber('interval', 1, 3600) ?? EVERY_SECONDS) * 1000;
  const stop = interruption(process);
  const quit = new AbortController();
  const signal = AbortSignal.any([stop.signal, quit.signal]);
  const restore = onQuitKey(process.stdin, () => quit.abort());
  process.stdout.once('error', () => quit.abort());
  const live = new LiveScreen({ output: process.stdout, env: process.env });
  const isLive = screen.format === 'table' && process.stdout.isTTY;
  try {
    const processes = new LiveProcesses(config, values);
    const begun = performance.now();
    while (!signal.aborted) {
      const found = await orAborted(processes.look(), signal);
      if (found === null) break;
      const now = performance.now();
      const view = topView(config, found, (now - begun) / 1000);
      if (isLive) live.show(view, now);
      else screen.output.write(plain(view, screen));
      await abortableDelay(everyMs, signal).catch(() => undefined);
    }
  } finally {
    live.close();
    restore();
    stop.forget();
  }
  return true;
}

function plain(view: PipelineView, { format }: Screen): string {
  if (format !== 'table') return `${JSON.stringify(view)}\n`;
  const lines = renderView(view, { columns: COLUMNS_OF_PIPES, rows: Infinity, color: false });
  return `${lines.slice(0, -1).join('\n')}\n\n`;
}

/** Null when the signal comes first. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const forget = whenAborted(signal, () => resolve(null));
  try {
    return await Promise.race([work, promise]);
  } finally {
    forget();
  }
}

/** The processes of a pipeline, found as `sluice status` finds them, and what their pages say. */
class LiveProcesses {
  readonly #config: SluiceConfig;
  readonly #values: OptionValues;
  readonly #recent = new Map<string, RecentReadings>();
  #found: readonly ServiceAnswer[] = [];
  #foundAt = Number.NEGATIVE_INFINITY;

  constructor(config: SluiceConfig, values: OptionValues) {
    this.#config = config;
    this.#values = values;
  }

  async look(): Promise<readonly LiveProcess[]> {
    if (performance.now() - this.#foundAt >= FIND_MS) {
      this.#found = await answersOf(this.#config, this.#values);
      this.#foundAt = performance.now();
    }
    return Promise.all(this.#found.map((answer) => this.#lookAt(answer)));
  }

  /** One that has stopped answering is looked for at once with the next look. */
  async #lookAt(answer: ServiceAnswer): Promise<LiveProcess> {
    if (answer.answers !== 'yes') return { answer, figures: null };
    const { service, url } = answer;
    const reading = await readStatus(service, { url, ...whoAsks(this.#values) });
    if (reading === null) {
      this.#foundAt = Number.NEGATIVE_INFINITY;
      return { answer: { ...answer, answers: 'silent' }, figures: null };
    }
    const recent = this.#recent.get(`${service} ${url}`) ?? new RecentReadings();
    this.#recent.set(`${service} ${url}`, recent);
    return { answer, figures: recent.add(reading) };
  }
}
