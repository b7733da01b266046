/**
 * What a command talks to: everything of the process that it may use, so that nothing is global.
 *
 * @module
 */

/** Where text goes. */
export interface Output {
  /** Whether a person looks at it. */
  readonly isTerminal: boolean;
  /** How many columns the terminal has; 80 where there is none. */
  readonly columns: number;
  /**
   * Resolves when the text was taken over. Whoever stopped reading, as `head` does, is no error.
   *
   * @throws {FailedError} when it cannot be written, such as to a disk that is full.
   */
  write(text: string): Promise<void>;
}

/** The process, as a command sees it. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Standard input, in pieces of text. */
  readonly stdin: AsyncIterable<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From its call on, Ctrl-C and SIGTERM abort the signal instead of ending the process. */
  interrupted(): AbortSignal;
}
