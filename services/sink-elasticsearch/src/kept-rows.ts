import type { Client } from '@elastic/elasticsearch';
import type { Sequence } from '@sluice/envelope';
import { sendBulk } from './bulk-writer.ts';
import { itemError, requestError } from './elasticsearch-errors.ts';
import { actionLine, liveAlias } from './elasticsearch-mapper.ts';
import { exactAnswer } from './exact-answers.ts';

/** The end of a row's document, as `bulkLines` writes it. */
const OWN_PART = /"_sluice":\{"sequence":"(\d{19})"\}\}$/;

/**
 * Writes the documents with these ids once more, as they are, at `since`: those that are rows, and older. One by one; there are
 * few. Throws when the cluster did not answer, and what it has against the index.
 */
export async function keepRows(
  client: Client,
  index: string,
  ids: readonly string[],
  since: Sequence,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (const id of ids) {
      const source = await sourceText(client, index, id, signal);
      const sequence = OWN_PART.exec(source)?.[1];
      if (sequence === undefined || sequence >= since) continue;
      const row = source.replace(OWN_PART, `"_sluice":{"sequence":"${since}"}}`);
      const [item] = await sendBulk(client, index, `${actionLine(id, since, 'external')}${row}\n`, signal);
      const status = item?.status ?? 503;
      if (status >= 300 && status !== 409) throw itemError(status, item?.error, index);
    }
  } catch (error) {
    throw requestError(error, `rows of ${index} that stay`);
  }
}

/** As it was written; '' when there is no such document. */
async function sourceText(client: Client, index: string, id: string, signal: AbortSignal): Promise<string> {
  const path = `/${encodeURIComponent(liveAlias(index))}/_source/${encodeURIComponent(id)}`;
  return ((await exactAnswer(client, { method: 'GET', path, index }, signal)) ?? '').trim();
}
