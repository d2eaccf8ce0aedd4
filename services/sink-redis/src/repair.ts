import { parseKey } from '@sluice/envelope';
import type { OpenRepair, RowPlace } from '@sluice/compare';
import { parseSection, PipelineError } from '@sluice/runtime';
import { rowText } from './compare.ts';
import { clientTls, redisConfigSchema, type RedisConfig } from './config.ts';
import { RedisClient } from './redis-client.ts';
import { rowKey, tombstoneKey } from './redis-mapper.ts';
import { rowCall } from './row-call.ts';
import { redisSink } from './redis-sink.ts';
import { jsonScript } from './scripts.ts';

/**
 * A row as it was, under the sequence that the repair has left. KEYS[1] the row, KEYS[2] its tombstone; ARGV[1] that sequence, ARGV[2]
 * the row's text before, '' where there was none. The digits of a row stand behind `{"_sequence":"`, as in `scripts.ts`.
 */
const RESTORE = `
local stored = string.sub(redis.call('GETRANGE', KEYS[1], 0, 32), 15, 33)
if stored == '' then stored = redis.call('GET', KEYS[2]) or '' end
if stored ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
  return 1
end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('SETRANGE', KEYS[1], 14, ARGV[1])
redis.call('DEL', KEYS[2])
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
  const keyOf = (place: RowPlace): string => keyOfRow(config, place);
  return {
    write: (rows) => sink.write(rows, new AbortController().signal, 'replay'),
    kept: (rows) => Promise.all(rows.map((row) => rowText(client, keyOf(row)))),
    restore: async (row) => {
      const key = keyOf(row);
      const answer = await client.evalsha(restore, 2, key, tombstoneKey(key), row.sequence, row.kept ?? '');
      return answer === 1;
    },
    statements: (rows) => {
      const lines = rows.map((row) => {
        const { keys, args } = rowCall(config, context.tombstoneLifeMs, row);
        return `EVALSHA ${[jsonScript.sha, String(keys.length), ...keys, ...args].map(quoted).join(' ')}\n`;
      });
      return Promise.resolve([`SCRIPT LOAD ${quoted(jsonScript.source)}\n`, ...lines].join(''));
    },
    close: async () => {
      await sink.close();
      await client.quit().catch(() => client.disconnect());
    },
  };
};

function keyOfRow({ keyPrefix }: RedisConfig, { database, table, rowKey: text }: RowPlace): string {
  return rowKey(keyPrefix, database, table, parseKey(text), text);
}

/** An argument as redis-cli reads it from a line (https://redis.io/docs/latest/develop/tools/cli/, "String quoting and escaping"). */
function quoted(text: string): string {
  const escaped = text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r');
  return `"${escaped}"`;
}
