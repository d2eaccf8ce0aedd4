import { toTableId } from '@sluice/envelope';
import { z } from 'zod';

/** Entries that one answer lists at most. */
export const LISTED_MAX = 1000;

const REASON_LENGTH = 500;

/** Who gives the order, for the log and the record of it. */
export const by = z.string().min(1).max(200);
export const reason = z.string().max(REASON_LENGTH);
/** `database.table`, as people write it. */
export const tableText = z.string().min(1).transform(toTableId);
/** Entries to list, of a query: text. */
export const limit = z.coerce.number().int().min(1).max(LISTED_MAX).default(100);
/** Milliseconds since 1970. */
export const moment = z.number();
export const noRequest = z.strictObject({});
