/** What one server process needs to be started; plain data, sent to the supervisor process. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
}

export type ProcessSignal = 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGINT' | 'SIGQUIT';

/** Stack → supervisor. */
export type Command =
  | { readonly kind: 'open'; readonly folder: string; readonly id: number }
  | { readonly kind: 'launch'; readonly name: string; readonly launch: Launch; readonly id: number }
  | { readonly kind: 'signal'; readonly name: string; readonly signal: ProcessSignal; readonly id: number }
  | { readonly kind: 'stop'; readonly id: number };

/** Supervisor → stack: the answer to a command, or the news that a server has ended. */
export type Report =
  | { readonly kind: 'done'; readonly id: number; readonly pid: number }
  | { readonly kind: 'refused'; readonly id: number; readonly reason: string }
  | { readonly kind: 'exited'; readonly name: string; readonly pid: number; readonly how: string };
