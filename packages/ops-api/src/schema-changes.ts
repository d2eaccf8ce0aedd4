import { ddlSchema } from '@sluice/envelope';
import { z } from 'zod';
import { by, limit, LISTED_MAX, reason, tableText } from './members.ts';
import { operation } from './operation.ts';

/** A statement that changed captured tables, as the DDL topic has it. */
const entrySchema = ddlSchema.shape.payload;

export type SchemaChange = z.output<typeof entrySchema>;

const listing = {
  request: z.strictObject({ table: tableText.optional(), limit }),
  answer: z.object({
    /** Alerts that nobody has cleared. */
    unacknowledged: z.int().min(0),
    /** Entries that fit the request; `limit` of them are listed. */
    matching: z.int().min(0),
    entries: z.array(entrySchema).readonly(),
  }),
};

/** Alerts that nobody has cleared. */
export const listAlerts = operation({
  method: 'GET',
  role: 'viewer',
  path: '/api/v1/ddl/alerts',
  aliases: ['/api/ddl/alerts'],
  summary: 'DDL alerts that are not acknowledged.',
  ...listing,
});

/** The newest statements, cleared or not. */
export const listHistory = operation({
  method: 'GET',
  role: 'viewer',
  path: '/api/v1/ddl/history',
  aliases: ['/api/ddl/history'],
  summary: 'Statements that changed captured tables, newest first.',
  ...listing,
});

export const clearAlerts = operation({
  method: 'POST',
  role: 'operator',
  path: '/api/v1/ddl/alerts/clear',
  aliases: ['/api/ddl/alerts/clear'],
  summary: 'Clear alerts: some, those of a table, or all.',
  /** Callers of the older API clear all alerts by a POST without a body. */
  bodyless: '{"by":"not said"}',
  request: z.strictObject({
    by,
    reason: reason.default(''),
    /** Only these alerts; without `ids` and `table` all of them. */
    ids: z.array(z.string()).max(LISTED_MAX).optional(),
    table: tableText.optional(),
  }),
  answer: z.object({ cleared: z.array(z.string()), unacknowledged: z.int().min(0) }),
});
