import type { Sequence } from '@sluice/envelope';
import { quoteTable, type PoolConnection, type RowDataPacket } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';

/** Seconds to wait for another worker that alters the same table. */
const LOCK_SECONDS = 10;

/** How far the partitions of a topic have come with a change of its table. */
export interface SeenShape {
  /** That this partition has shown a later change before: it is being read again. */
  readonly isPast: boolean;
  /** That every partition has shown this change, and none a later one. */
  readonly isEverywhere: boolean;
}

/** Which schema record each partition has shown last: a change that takes something away waits for all of them. */
export class SeenShapes {
  readonly #table: string;

  constructor(database: string) {
    this.#table = quoteTable(database, 'sluice_shapes');
  }

  async note(
    connection: PoolConnection,
    { topic, partition }: { readonly topic: string; readonly partition: number },
    sequence: Sequence,
    partitions: number,
  ): Promise<SeenShape> {
    // VALUES(): as the column's type; beside a text the server would compare as doubles, which have no 19 digits.
    await connection.query(
      `INSERT INTO ${this.#table} (topic, \`partition\`, sequence) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE sequence = GREATEST(sequence, VALUES(sequence))`,
      [topic, partition, sequence],
    );
    const seen = await this.#read(connection, topic);
    return {
      isPast: (seen.get(partition) ?? '') > sequence,
      isEverywhere: seen.size >= partitions && [...seen.values()].every((last) => last === sequence),
    };
  }

  /** For a record that tells the columns without a change of them: nobody has to wait for it. */
  async isPast(
    connection: PoolConnection,
    { topic, partition }: { readonly topic: string; readonly partition: number },
    sequence: Sequence,
  ): Promise<boolean> {
    return ((await this.#read(connection, topic)).get(partition) ?? '') > sequence;
  }

  async #read(connection: PoolConnection, topic: string): Promise<ReadonlyMap<number, Sequence>> {
    const [rows] = await connection.query<RowDataPacket[]>({
      sql: `SELECT \`partition\`, sequence FROM ${this.#table} WHERE topic = ?`,
      values: [topic],
      rowsAsArray: true,
    });
    return new Map(rows.map((row) => [Number(row[0]), String(row[1]).padStart(19, '0')]));
  }
}

/** Runs `work` while no other worker changes the table; the lock is the connection's. Throws TARGET_LOCKED when one does too long. */
export async function whileLocked<T>(
  connection: PoolConnection,
  table: string,
  work: () => Promise<T>,
): Promise<T> {
  const name = `sluice:${table}`.slice(0, 64);
  const [rows] = await connection.query<RowDataPacket[]>('SELECT GET_LOCK(?, ?) AS got', [
    name,
    LOCK_SECONDS,
  ]);
  if (Number(rows[0]?.['got']) !== 1)
    throw new PipelineError('TARGET_LOCKED', `${table} is being altered by another worker`);
  try {
    return await work();
  } finally {
    await connection.query('SELECT RELEASE_LOCK(?)', [name]);
  }
}
