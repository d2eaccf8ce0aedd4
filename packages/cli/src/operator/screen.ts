import { printable, printableJson, printableLine } from '@sluice/runtime';

/** `ndjson`: a JSON document in each line. */
export type OutputFormat = 'json' | 'table' | 'ndjson';
/** Where a command writes: the result to `output`, everything else as lines by `say`. */
export interface Screen {
  readonly format: OutputFormat;
  readonly output: { write(text: string): unknown };
  readonly say: (line: string) => void;
  /** Empties the terminal; writes nothing where the output is none. */
  readonly clear: () => void;
}

export type Cell = string | number | null;

/** What is written there moves no cursor and turns no text, whatever names and messages hold. */
export function printableScreen({ format, output, say, clear }: Screen): Screen {
  const shown = format === 'table' ? printable : printableJson;
  return {
    format,
    output: { write: (text) => output.write(shown(text)) },
    say: (line) => say(printable(line)),
    clear,
  };
}

/** A row per entry with `--output table`, the whole document with `--output json`. */
export function show(
  screen: Screen,
  document: unknown,
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
): void {
  if (screen.format === 'json') screen.output.write(`${JSON.stringify(document, null, 2)}\n`);
  else if (rows.length > 0) screen.output.write(tableText(headings, rows));
}

export function tableText(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map(cellText))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${text.join('\n')}\n`;
}

/** Keys hold whatever a row holds. */
function cellText(cell: Cell): string {
  return printableLine(String(cell ?? '-'));
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
