/** A stream for people: standard error. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const EVERY_MS = 500;

/**
 * One line on standard error that counts while long work goes on, and is gone when it ends. Only where somebody watches: on a
 * terminal.
 */
export class Progress {
  private readonly stream: ProgressStream;
  private readonly describe: () => string;
  private readonly count: () => number;
  private readonly timer: NodeJS.Timeout | undefined;
  private lastCount = 0;
  private lastAt: number = performance.now();
  private isShown = false;

  /**
   * @param count how much has been done
   * @param describe that for people, such as `1,000 sent`
   */
  constructor(count: () => number, describe: () => string, stream: ProgressStream = process.stderr) {
    this.stream = stream;
    this.count = count;
    this.describe = describe;
    if (stream.isTTY === true && process.env["TERM"] !== "dumb") this.timer = setInterval(() => this.show(), EVERY_MS).unref();
  }

  /** Takes the line away. */
  stop(): void {
    clearInterval(this.timer);
    if (this.isShown) this.stream.write("\r\u001b[K");
    this.isShown = false;
  }

  private show(): void {
    const count = this.count();
    const now = performance.now();
    const rate = ((count - this.lastCount) * 1_000) / (now - this.lastAt);
    this.lastCount = count;
    this.lastAt = now;
    this.isShown = true;
    this.stream.write(`\r${this.describe()}, ${grouped(Math.round(rate))}/s\u001b[K`);
  }
}

/** 1234567 as 1,234,567, wherever it runs. */
export function grouped(number: number): string {
  return number.toLocaleString("en-US");
}
