import { parseKey } from '@sluice/envelope';
import type { OpenRepair, RowPlace } from '@sluice/compare';
import { parseSection, PipelineError } from '@sluice/runtime';
import { rowText } from './compare.ts';
import { clientTls, redisConfigSchema } from './config.ts';
import { RedisClient } from './redis-client.ts';
import { tombstoneKey } from './redis-mapper.ts';
import { rowCall, tombstoneSeconds } from './row-call.ts';
import { RowKeys } from './row-keys.ts';
import { redisSink } from './redis-sink.ts';
import { jsonScript } from './scripts.ts';

/**
 * A row as it was, under the sequence that the repair has left. KEYS[1] the row, KEYS[2] its tombstone; ARGV[1] that sequence, ARGV[2]
 * the row's text before, '' where there was none, ARGV[3] the seconds that the row lives, 0 until it is deleted, ARGV[4] those of a tombstone.
 * The digits of a row stand behind `{"_sequence":"`, as in `scripts.ts`.
 */
const RESTORE = `
local head = redis.call('GETRANGE', KEYS[1], 0, 32)
if head == '' and ARGV[2] == '' then return 1 end
local stored = string.sub(head, 15, 33)
if stored == '' then stored = redis.call('GET', KEYS[2]) or '' end
if stored ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
  return 1
end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('SETRANGE', KEYS[1], 14, ARGV[1])
if ARGV[3] == '0' then
  redis.call('DEL', KEYS[2])
else
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[4])
end
return 1
`;

/** Of `format: json`. Throws CONFIG_INVALID for another. */
export const openRepair: OpenRepair = async ({ name, config: file, contextOf }) => {
  const config = parseSection(file, ['sinks', name], redisConfigSchema);
  const context = contextOf(config);
  if (config.format === 'hash')
    throw new PipelineError(
      'CONFIG_INVALID',
      `${context.section}.format is hash, and only json can be repaired: name other sinks by --sink.`,
    );
  const sink = redisSink.create(config, context);
  const client = new RedisClient(config.url, config.password, {
    ...clientTls(config, context.section),
    maxRetriesPerRequest: 2,
  });
  // Errors also reject the commands; without a listener they would end the process.
  client.on('error', () => undefined);
  await sink.open(new AbortController().signal);
  await client.connect();
  // Not EVAL: scripts by their digest are what the account may run (infra/redis/users.acl).
  const restore = String(await client.script('LOAD', RESTORE));
  const keys = new RowKeys(config, context.section);
  const keyOf = (row: RowPlace): string => keys.of(row).rowKey(parseKey(row.rowKey), row.rowKey);
  const seconds = tombstoneSeconds(context.tombstoneLifeMs);
  return {
    write: (rows) => sink.write(rows, new AbortController().signal, 'repair'),
    kept: (rows) => Promise.all(rows.map((row) => rowText(client, keyOf(row)))),
    restore: async (row) => {
      const key = keyOf(row);
      const lives = [String(keys.of(row).ttlSeconds ?? 0), seconds];
      const args = [key, tombstoneKey(key), row.sequence, row.kept ?? '', ...lives];
      const answer = await client.evalsha(restore, 2, ...args);
      return answer === 1;
    },
    statements: (rows) => {
      const lines = rows.map((row) => {
        const call = rowCall(keys, config.format, context.tombstoneLifeMs, row, 'repair');
        const words = [jsonScript.sha, String(call.keys.length), ...call.keys, ...call.args];
        return `EVALSHA ${words.map(quoted).join(' ')}\n`;
      });
      return Promise.resolve([`SCRIPT LOAD ${quoted(jsonScript.source)}\n`, ...lines].join(''));
    },
    close: async () => {
      await sink.close();
      await client.quit().catch(() => client.disconnect());
    },
  };
};

/** An argument as redis-cli reads it from a line (https://redis.io/docs/latest/develop/tools/cli/, "String quoting and escaping"). */
function quoted(text: string): string {
  const escaped = text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r');
  return `"${escaped}"`;
}
