const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What a command that lasts listens to. */
export interface Interruption {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP, so that the command can end with what it has; a second one ends the process. */
  readonly signal: AbortSignal;
  /** The command has ended: signals do again what they did before. */
  readonly forget: () => void;
}

/** @param process of which signals are taken */
export function interruption(process: Pick<NodeJS.Process, 'on' | 'off'>): Interruption {
  const abort = new AbortController();
  const forget = (): void => {
    for (const name of SIGNALS) process.off(name, interrupt);
  };
  const interrupt = (): void => {
    forget();
    abort.abort();
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  return { signal: abort.signal, forget };
}
