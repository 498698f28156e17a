/** A line on standard error that is written over again, where that is a terminal; elsewhere nothing is written. */
export class LiveLine {
  private isShown = false;

  show(text: string): void {
    if (!process.stderr.isTTY || process.env["TERM"] === "dumb") return;
    this.isShown = true;
    process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns || 80) - 1)}`);
  }

  clear(): void {
    if (this.isShown) process.stderr.write("\r\x1b[K");
    this.isShown = false;
  }
}
