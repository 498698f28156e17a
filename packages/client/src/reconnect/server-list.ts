/**
 * The addresses of one service, tried in turn: after a failed attempt the next at once, after the last the first again with a delay.
 * A connection that was lost is sought from the first on.
 */
export class ServerList {
  private readonly urls: readonly string[];
  private turn = 0;
  /** The delay that a failure of this round asked for; none while each so far alone would be the end. */
  private delay: number | undefined;

  constructor(urls: readonly string[]) {
    this.urls = urls;
  }

  get current(): string {
    return this.urls[Math.max(0, this.turn)] as string;
  }

  /** What follows is a loss, which leads to the first. */
  connected(): void {
    this.turn = -1;
  }

  /** An attempt failed that alone would be repeated after `delay`, or not at all: what holds for the list. */
  failed(delay: number | undefined): number | undefined {
    this.delay = delay ?? this.delay;
    this.turn = (this.turn + 1) % this.urls.length;
    if (this.turn > 0) return 0;
    const ofRound = this.delay;
    this.delay = undefined;
    return ofRound;
  }
}
