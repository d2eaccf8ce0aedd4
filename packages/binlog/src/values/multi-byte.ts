import iconv from 'iconv-lite';
import { CORRECTIONS } from './multi-byte-corrections.ts';

const NO_CHARACTER = '?';

type Range = readonly [from: number, to: number];

/** The shape of a character set's codes. */
interface Shape {
  /** The table of iconv-lite that is corrected. */
  readonly base: string;
  readonly leads: readonly Range[];
  readonly trails: readonly Range[];
  /** Bytes above 0x7f that are a character alone. */
  readonly singles?: Range;
  /** Leads of two-byte codes with trails of their own, and of three-byte codes (the EUC family). */
  readonly kana?: boolean;
  /** Codes of four bytes with digits in the second and fourth (GB 18030). */
  readonly fourBytes?: boolean;
}

const EUC_TRAILS: readonly Range[] = [[0xa1, 0xfe]];
const GBK_TRAILS: readonly Range[] = [
  [0x40, 0x7e],
  [0x80, 0xfe],
];
const SJIS: Omit<Shape, 'base'> = {
  leads: [
    [0x81, 0x9f],
    [0xe0, 0xfc],
  ],
  trails: [
    [0x40, 0x7e],
    [0x80, 0xfc],
  ],
  singles: [0xa1, 0xdf],
};
const EUC_JP: Omit<Shape, 'base'> = { leads: EUC_TRAILS, trails: EUC_TRAILS, kana: true };

const SHAPES: Readonly<Record<string, Shape>> = {
  big5: {
    base: 'cp950',
    leads: [[0xa1, 0xf9]],
    trails: [
      [0x40, 0x7e],
      [0xa1, 0xfe],
    ],
  },
  cp932: { base: 'cp932', ...SJIS },
  eucjpms: { base: 'eucjp', ...EUC_JP },
  euckr: {
    base: 'euckr',
    leads: [[0x81, 0xfe]],
    trails: [
      [0x41, 0x5a],
      [0x61, 0x7a],
      [0x81, 0xfe],
    ],
  },
  gb18030: { base: 'gb18030', leads: [[0x81, 0xfe]], trails: GBK_TRAILS, fourBytes: true },
  gb2312: { base: 'gb2312', leads: [[0xa1, 0xf7]], trails: EUC_TRAILS },
  gbk: { base: 'gbk', leads: [[0x81, 0xfe]], trails: GBK_TRAILS },
  sjis: { base: 'cp932', ...SJIS },
  ujis: { base: 'eucjp', ...EUC_JP },
};

interface Run {
  readonly from: number;
  readonly to: number;
  readonly point: number;
}

/** Decoder of a multi-byte character set, null when there is none of that name. */
export function multiByteDecoder(charset: string): ((bytes: Buffer) => string) | null {
  const shape = SHAPES[charset];
  if (shape === undefined) return null;
  const runs = parseRuns(CORRECTIONS[charset] ?? '');
  const known = new Map<number, string>();
  return (bytes) => {
    let text = '';
    for (let at = 0; at < bytes.length;) {
      const length = codeLength(shape, bytes, at);
      if (length === 0) {
        text += NO_CHARACTER;
        at++;
        continue;
      }
      const code = bytes.readUIntBE(at, length);
      let character = known.get(code);
      if (character === undefined) {
        character = decodeCode(shape, runs, bytes.subarray(at, at + length), code);
        known.set(code, character);
      }
      text += character;
      at += length;
    }
    return text;
  };
}

/** Bytes of the code at `at`, 0 when none begins there. */
function codeLength(shape: Shape, bytes: Buffer, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80 || within(shape.singles, lead)) return 1;
  const second = bytes[at + 1] ?? 0;
  if (shape.kana === true && lead === 0x8e) return within([0xa1, 0xdf], second) ? 2 : 0;
  if (shape.kana === true && lead === 0x8f) {
    return within([0xa1, 0xfe], second) && within([0xa1, 0xfe], bytes[at + 2] ?? 0) ? 3 : 0;
  }
  if (!shape.leads.some((range) => within(range, lead))) return 0;
  if (shape.trails.some((range) => within(range, second))) return 2;
  if (shape.fourBytes !== true || !within([0x30, 0x39], second)) return 0;
  return within([0x81, 0xfe], bytes[at + 2] ?? 0) && within([0x30, 0x39], bytes[at + 3] ?? 0) ? 4 : 0;
}

function decodeCode(shape: Shape, runs: readonly Run[], bytes: Buffer, code: number): string {
  const run = runs.find(({ from, to }) => code >= from && code <= to);
  if (run !== undefined) {
    if (run.point === 0) return NO_CHARACTER;
    return String.fromCodePoint(run.point + ordinal(shape, code) - ordinal(shape, run.from));
  }
  const text = iconv.decode(bytes, shape.base);
  return text.includes('\ufffd') ? NO_CHARACTER : text;
}

/** The place of a code among all codes of its shape, so that a run continues from one lead byte to the next. */
function ordinal(shape: Shape, code: number): number {
  const trail = code & 0xff;
  let below = 0;
  let count = 0;
  for (const [from, to] of shape.trails) {
    count += to - from + 1;
    below += Math.max(0, Math.min(trail, to + 1) - from);
  }
  return (code >>> 8) * count + below;
}

function within(range: Range | undefined, byte: number): boolean {
  return range !== undefined && byte >= range[0] && byte <= range[1];
}

function parseRuns(text: string): Run[] {
  return text.split(' ').flatMap((run) => {
    const [codes = '', point = ''] = run.split('=');
    if (codes === '') return [];
    const [from = '', to = from] = codes.split('-');
    return [
      { from: Number.parseInt(from, 16), to: Number.parseInt(to, 16), point: Number.parseInt(point, 16) },
    ];
  });
}
