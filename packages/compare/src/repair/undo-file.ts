import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isSequence } from '@sluice/envelope';
import { fileLines } from '@sluice/runtime';
import { z } from 'zod';
import type { UndoneRow } from './store-repair.ts';

export const UNDO_VERSION = 1;
/** It holds rows. */
const OWN_FILE = 0o600;

const headSchema = z.strictObject({
  undo: z.literal('repair'),
  version: z.literal(UNDO_VERSION),
  sluice: z.string(),
  pipeline: z.string(),
  /** When the repair began. */
  startedAt: z.iso.datetime(),
});

const rowSchema = z.strictObject({
  sink: z.string(),
  database: z.string(),
  table: z.string(),
  topic: z.string(),
  partition: z.int().min(0),
  key: z.string(),
  rowKey: z.string(),
  sequence: z.string().refine(isSequence),
  kept: z.string().nullable(),
  gaveWay: z.literal(true).optional(),
});

export type UndoHead = z.infer<typeof headSchema>;
export type UndoLine = UndoneRow & { readonly sink: string };

/** What the stores held before a repair, a line for each row, on the disk before the row is written. */
export class UndoFile {
  readonly #file: FileHandle;

  /** Throws EEXIST when there is such a file: the undo of another repair is not written over. */
  static async create(path: string, head: UndoHead): Promise<UndoFile> {
    const file = await open(path, 'wx', OWN_FILE);
    const undo = new UndoFile(file);
    await undo.#append([head]);
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    return undo;
  }

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Resolves when the disk has them. */
  async append(rows: readonly UndoLine[]): Promise<void> {
    if (rows.length > 0) await this.#append(rows);
  }

  async #append(lines: readonly object[]): Promise<void> {
    await this.#file.appendFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/**
 * An undo file, line by line, after its head was accepted. Of a repair that was killed the last line may be torn: its row was not
 * written yet. Throws RangeError for what is no undo file, or of another version.
 */
export async function* undoLines(path: string, accept: (head: UndoHead) => void): AsyncGenerator<UndoLine> {
  let isHead = true;
  let torn = false;
  for await (const text of fileLines(path, 'with what has no end')) {
    if (torn) throw new RangeError('a line in its middle cannot be read');
    const line = parsed(text);
    if (isHead) {
      const head = headSchema.safeParse(line);
      if (!head.success) throw new RangeError(`it is no undo file of version ${UNDO_VERSION}`);
      accept(head.data);
      isHead = false;
      continue;
    }
    const row = rowSchema.safeParse(line);
    if (row.success) yield row.data;
    else torn = true;
  }
  if (isHead) throw new RangeError('it is empty');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
