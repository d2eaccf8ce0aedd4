const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

/** What of standard input is needed to hear single keys. */
export type KeyInput = Pick<
  NodeJS.ReadStream,
  'isTTY' | 'isRaw' | 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'
>;

/**
 * Calls `quit` at `q` and Ctrl-C, without Return behind it: the terminal is raw, until the function that is returned is called. Does nothing
 * on any other input.
 */
export function onQuitKey(input: KeyInput, quit: () => void): () => void {
  if (!input.isTTY) return () => undefined;
  const before = input.isRaw;
  const heard = (keys: Buffer): void => {
    const text = keys.toString('latin1');
    if (['q', 'Q', CTRL_C, CTRL_D].some((key) => text.includes(key))) quit();
  };
  input.setRawMode(true);
  input.on('data', heard);
  input.resume();
  return () => {
    input.off('data', heard);
    input.setRawMode(before);
    input.pause();
  };
}
