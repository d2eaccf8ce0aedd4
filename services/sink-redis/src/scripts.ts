import { createHash } from 'node:crypto';

export interface Script {
  readonly source: string;
  /** SHA-1 in hex: the name that EVALSHA knows it by. */
  readonly sha: string;
}

/** What a script answers. */
export const APPLIED = 1;
export const STALE = 0;
/** The key holds something that this sink did not write. */
export const FOREIGN = -1;

/**
 * One row, guarded by its sequence, touching only the keys it declares: KEYS[1] the row, KEYS[2] its tombstone, KEYS[3] the
 * table's floor (not for `below`): read here, because a process that was stopped for a while knows an old one.
 * ARGV: operation, sequence, seconds that a tombstone lives, seconds that the row lives (0: until it is deleted), then the row's value or
 * fields. A row that ends by itself leaves its sequence in the place of its tombstone, or an older change could come in behind it.
 * Operations: `set`; `tie` as `set`, but an equal sequence passes (rows that were read); `delete`; `gone` as `delete`, but an equal
 * sequence passes (a repair's); `below` deletes the row if its
 * sequence is lower (truncate; the table's floor remembers it, so no tombstone); `keep` raises the sequence of a row that is there. Sequences are 19 digits and compared as
 * text: a Lua number is a double and holds 15 of them.
 */
function guardedWrite(readSequence: string, writeRow: string, raiseSequence: string): Script {
  const source = `
local operation, sequence = ARGV[1], ARGV[2]
if operation ~= 'below' and operation ~= 'keep' and sequence < (redis.call('GET', KEYS[3]) or '') then return ${STALE} end
${readSequence}
local exists = stored ~= ''
if not exists then stored = redis.call('GET', KEYS[2]) or '' end
if operation == 'below' then
  if not exists or stored >= sequence then return ${STALE} end
  redis.call('DEL', KEYS[1])
  return ${APPLIED}
end
if operation == 'keep' then
  if not exists or stored >= sequence then return ${STALE} end
  ${raiseSequence}
  return ${APPLIED}
end
if stored > sequence or (stored == sequence and operation ~= 'tie' and operation ~= 'gone') then return ${STALE} end
if operation == 'delete' or operation == 'gone' then
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[2], sequence, 'EX', ARGV[3])
  return ${APPLIED}
end
${writeRow}
if ARGV[4] ~= '0' then
  redis.call('EXPIRE', KEYS[1], ARGV[4])
  redis.call('SET', KEYS[2], sequence, 'EX', ARGV[3])
  return ${APPLIED}
end
if not exists and stored ~= '' then redis.call('DEL', KEYS[2]) end
return ${APPLIED}
`;
  return script(source);
}

/** A row is \`{"_sequence":"<19 digits>",…}\`: the digits are read by their place, nothing is parsed. */
export const jsonScript = guardedWrite(
  `local head = redis.call('GETRANGE', KEYS[1], 0, 32)
if head ~= '' and string.sub(head, 1, 14) ~= '{"_sequence":"' then return ${FOREIGN} end
local stored = string.sub(head, 15, 33)`,
  `redis.call('SET', KEYS[1], ARGV[5])`,
  `redis.call('SETRANGE', KEYS[1], 14, sequence)`,
);

/** Fields go in by hundreds: Lua's stack bounds the arguments of one call. */
export const hashScript = guardedWrite(
  `local stored = redis.call('HGET', KEYS[1], '_sequence') or ''
if stored == '' and redis.call('EXISTS', KEYS[1]) == 1 then return ${FOREIGN} end`,
  `redis.call('DEL', KEYS[1])
for first = 5, #ARGV, 500 do
  redis.call('HSET', KEYS[1], unpack(ARGV, first, math.min(first + 499, #ARGV)))
end`,
  `redis.call('HSET', KEYS[1], '_sequence', sequence)`,
);

/** Raises a table's floor, never lowers it. KEYS[1] the floor, ARGV[1] the sequence. Answers the floor that holds now. */
export const floorScript = script(`
local floor = redis.call('GET', KEYS[1]) or ''
if floor >= ARGV[1] then return floor end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
`);

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
