/** A request as bytes, and what is done to it. */
import type { SeededRandom } from '@sluice/seeded-random';

const JSON_HEAD = 'Content-Type: application/json\r\n';
const order = (path: string, body: string, more = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${JSON_HEAD}${more}Content-Length: ${body.length}\r\n\r\n${body}`;
const page = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}\r\n`;

/** None of them shows a token that is known: whatever becomes of them, no order may be obeyed. */
const SEEDS = [
  page('/livez'),
  page('/readyz', 'Connection: close\r\n'),
  page('/api/v1/status', 'Authorization: Bearer wrong\r\n'),
  page('/api/v1/health?limit=7&ids=a&ids=b'),
  page('/api/v1/things/7'),
  page('/metrics', 'Expect: 100-continue\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n'),
  order('/api/v1/things/7', '{"by":"x","ids":["a"]}', 'Authorization: Bearer wrong\r\n'),
  order('/api/v1/things/%E0%A4', '{"by":"x"}'),
  order('/old/7', '', 'Expect: 100-continue\r\n'),
  'POST /api/v1/things/7 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n' +
    `${JSON_HEAD}\r\n5\r\n{"by"\r\n5\r\n:"x"}\r\n0\r\n\r\n`,
  `HEAD /status HTTP/1.0\r\n\r\n${page('/livez')}`,
  'OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://evil\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'));

const PIECES = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  '/',
  '//',
  '?',
  '%',
  '%00',
  ':',
  '[',
  '*',
  '{',
  '"',
  'é',
  'Host: attacker.example\r\n',
  'Host: [\r\n',
  'Origin: null\r\n',
  'Content-Length: -1\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Content-Length: 1\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'ffffffffffffffff\r\n',
  '0\r\n\r\n',
  'Expect: 100-continue\r\n',
  'Authorization: Bearer \r\n',
  'Authorization: bearer x y\r\n',
  'Connection: close\r\n',
  'HTTP/9.9',
  'HTTP/1.0',
  'GET ',
  'POST ',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '__proto__',
  '{"__proto__":{}}',
  '\u0016\u0003\u0001\u0002',
  `X: ${'a'.repeat(20_000)}\r\n`,
  'X: y\r\n'.repeat(200),
  '[' + '['.repeat(5_000),
  '/a'.repeat(3_000),
].map((text) => Buffer.from(text, 'latin1'));

const LINES = PIECES.filter((piece) => /^[A-Z][\w-]*: [^]*\r\n$/u.test(piece.toString('latin1')));

export function mutatedRequest(random: SeededRandom): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(SEEDS));
  for (let left = random.pick([1, 1, 1, 2, 3, 5]); left > 0; left -= 1) bytes = mutated(bytes, random);
  return bytes;
}

function mutated(bytes: Buffer, random: SeededRandom): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random.below(30));
  const around = (middle: Buffer, rest = at): Buffer =>
    Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(rest)]);
  switch (random.below(16)) {
    case 0:
      return around(random.pick(PIECES));
    case 1:
      return around(Buffer.alloc(0), end);
    case 2:
      return around(bytes.subarray(at, end));
    case 3:
      return around(Buffer.from([random.below(256)]), Math.min(bytes.length, at + 1));
    case 4:
      return random.below(4) === 0 ? bytes.subarray(0, at) : Buffer.concat([bytes, random.pick(SEEDS)]);
    case 5:
      return around(random.pick(SEEDS));
    case 6:
      return around(random.pick(PIECES), end);
    default:
      return withLine(bytes, random);
  }
}

/** One more line of the head: what comes of it is no longer decided by the parser alone. */
function withLine(bytes: Buffer, random: SeededRandom): Buffer {
  const at = bytes.indexOf('\r\n') + 2;
  return Buffer.concat([bytes.subarray(0, at), random.pick(LINES), bytes.subarray(at)]);
}
