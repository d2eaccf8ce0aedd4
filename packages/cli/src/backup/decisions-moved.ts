import { type RecordSeals, SEAL_HEADER } from '@sluice/kafka';
import { z } from 'zod';
import type { KeptRecord } from './kept-record.ts';

const decidedSchema = z.object({ at: z.number() });
const letterSchema = z.object({ outcome: z.string() });
/** Key of a decision about a place in a topic: packages/sink-kit/src/dead-letters/decisions.ts. */
const PLACED = /^(rewind|incomplete):(.+)\/(\d+)$/;
/** Key of a decision about a record, by the place where it stood. */
const LETTER = /^letter:(.+)-\d+-\d+$/;

/**
 * Decisions for a Kafka in which some topics are other ones than those that they were made about. The place of a rewind means nothing
 * there, and would leave records out: it is dropped, a sink reads such a topic from its beginning anyway. So is the word that let a record
 * become a dead letter: another one stands at its place. What was incomplete is so from
 * the beginning of the new topic, whose snapshot ends it.
 * @param topic of the decisions
 * @param isSame whether a topic is the one of before
 */
export function decisionsMoved(
  records: readonly KeptRecord[],
  topic: string,
  isSame: (topic: string) => boolean,
  seals: RecordSeals | null,
): readonly KeptRecord[] {
  return records.flatMap((record) => {
    const [, topicOfLetter] = LETTER.exec(String(record.key)) ?? [];
    if (topicOfLetter !== undefined && !isSame(topicOfLetter) && isRelease(record.value)) return [];
    const [, kind, about = ''] = PLACED.exec(String(record.key)) ?? [];
    if (kind === undefined || record.value === null || isSame(about)) return [record];
    if (kind === 'rewind') return [];
    const value = incompleteFromBeginning(record.value);
    // The sink says what is wrong with it, as it would have where it came from.
    if (value === null) return [record];
    const { partition, key } = record;
    const seal = seals?.seal({ topic, partition, key, value });
    const headers = {
      ...record.headers,
      ...(seal === undefined ? {} : { [SEAL_HEADER]: Buffer.from(seal) }),
    };
    return [{ ...record, value, headers }];
  });
}

function isRelease(decision: Buffer | null): boolean {
  return letterSchema.safeParse(jsonOf(decision)).data?.outcome === 'released';
}

/** Null for what is no such decision. */
function incompleteFromBeginning(decision: Buffer): Buffer | null {
  const decided = decidedSchema.safeParse(jsonOf(decision));
  if (!decided.success) return null;
  return Buffer.from(JSON.stringify({ at: decided.data.at, from: '0', jobs: {}, whole: [] }));
}

function jsonOf(text: Buffer | null): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return null;
  }
}
