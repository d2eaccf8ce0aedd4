import { renderLine, renderView } from './live-view.ts';
import type { PipelineView } from './live-view.ts';

/** What is written to; `process.stdout` or a test's stand-in. */
export interface ScreenOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface ScreenOptions {
  readonly output: ScreenOutput;
  /** `NO_COLOR` (no-color.org) is honoured. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const LINE_EVERY_MS = 5000;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_TO_END = '\u001b[J';
const CLEAR_LINE_END = '\u001b[K';

/** Redraws a view in place on a terminal; on anything else writes a line every five seconds. */
export class LiveScreen {
  readonly #options: ScreenOptions;
  #drawnLines = 0;
  #lastLineAt = -Infinity;

  constructor(options: ScreenOptions) {
    this.#options = options;
  }

  /** @param nowMs a monotonic clock */
  show(view: PipelineView, nowMs: number): void {
    const { output } = this.#options;
    if (output.isTTY !== true) {
      if (nowMs - this.#lastLineAt < LINE_EVERY_MS) return;
      this.#lastLineAt = nowMs;
      output.write(`${renderLine(view)}\n`);
      return;
    }
    const color = (this.#options.env['NO_COLOR'] ?? '') === '';
    const lines = renderView(view, { columns: output.columns ?? 80, color });
    // More lines than the terminal has could not be overwritten: they would have scrolled away.
    const visible = lines.slice(0, Math.max(1, (output.rows ?? 24) - 1));
    const body = visible.map((line) => `${line}${CLEAR_LINE_END}\n`).join('');
    output.write(`${HIDE_CURSOR}${this.#home()}${body}${CLEAR_TO_END}`);
    this.#drawnLines = visible.length;
  }

  /** Leaves the last picture and gives the cursor back. */
  close(): void {
    if (this.#drawnLines > 0) this.#options.output.write(SHOW_CURSOR);
    this.#drawnLines = 0;
  }

  #home(): string {
    return this.#drawnLines === 0 ? '' : `\u001b[${this.#drawnLines}A\r`;
  }
}
