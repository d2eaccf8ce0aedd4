import { renderHeader, renderLine, renderView } from './live-view.ts';
import type { PipelineView } from './live-view.ts';

/** What is written to; `process.stdout` or a test's stand-in. */
export interface ScreenOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  /** A terminal's size has changed (SIGWINCH). */
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
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
const CLEAR_SCREEN = '\u001b[2J\u001b[H';

/** Redraws a view in place on a terminal; on anything else says once where things are, then a line every five seconds. */
export class LiveScreen {
  readonly #options: ScreenOptions;
  readonly #onResize = (): void => this.#repaint();
  #drawnLines = 0;
  #lastLineAt = -Infinity;
  #view: PipelineView | null = null;

  constructor(options: ScreenOptions) {
    this.#options = options;
    if (options.output.isTTY === true) options.output.on?.('resize', this.#onResize);
  }

  /** @param nowMs a monotonic clock */
  show(view: PipelineView, nowMs: number): void {
    const isFirst = this.#view === null;
    this.#view = view;
    const { output } = this.#options;
    if (output.isTTY === true) {
      this.#draw(view, this.#drawnLines === 0 ? '' : `\u001b[${this.#drawnLines}A\r`);
      return;
    }
    if (isFirst) output.write(`${renderHeader(view)}\n`);
    if (nowMs - this.#lastLineAt < LINE_EVERY_MS) return;
    this.#lastLineAt = nowMs;
    output.write(`${renderLine(view)}\n`);
  }

  /** Leaves the last picture and gives the cursor back. */
  close(): void {
    const { output } = this.#options;
    output.off?.('resize', this.#onResize);
    if (this.#drawnLines > 0) output.write(SHOW_CURSOR);
    this.#drawnLines = 0;
  }

  /** The terminal has wrapped or cut what was drawn: nobody knows how many lines that are now. */
  #repaint(): void {
    if (this.#view !== null) this.#draw(this.#view, CLEAR_SCREEN);
  }

  #draw(view: PipelineView, home: string): void {
    const { output, env } = this.#options;
    const color = (env['NO_COLOR'] ?? '') === '';
    // The cursor stands below the last line, and what scrolls away could not be overwritten.
    const rows = Math.max(1, (output.rows ?? 24) - 1);
    const lines = renderView(view, { columns: output.columns ?? 80, rows, color });
    const body = lines.map((line) => `${line}${CLEAR_LINE_END}\n`).join('');
    output.write(`${HIDE_CURSOR}${home}${body}${CLEAR_TO_END}`);
    this.#drawnLines = lines.length;
  }
}
