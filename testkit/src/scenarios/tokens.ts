import type { CredentialsRequest } from "@bowline/client";
import { pause } from "./clients.ts";

/** What a busy machine may need to connect anew. */
const SLACK_MS = 1000;

/** What a token is presented as. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Gives out tokens that are good for a time, and cuts the connection of whoever outstays his. */
export class Tokens {
  readonly asked: CredentialsRequest[] = [];
  /** Requests that came when the token before had ended. */
  late = 0;
  private readonly lifeMs: number;
  private readonly issue: (number: number) => Login | Promise<Login>;
  private readonly cut: () => void;
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;
  private expiresAt = Number.POSITIVE_INFINITY;

  /** @param issue makes the server accept the token of that number */
  constructor(lifeMs: number, issue: (number: number) => Login | Promise<Login>, cut: () => void) {
    this.lifeMs = lifeMs;
    this.issue = issue;
    this.cut = cut;
  }

  readonly give = async (request: CredentialsRequest): Promise<Login & { expiresAt: number }> => {
    this.asked.push(request);
    if (Date.now() > this.expiresAt) this.late++;
    await pause(5);
    const login = await this.issue(this.asked.length);
    clearTimeout(this.timer);
    // One may be given out when its test has ended, and must not cut the next one's connection.
    if (!this.isOver) this.timer = setTimeout(this.cut, this.lifeMs + SLACK_MS);
    this.expiresAt = Date.now() + this.lifeMs;
    return { ...login, expiresAt: this.expiresAt };
  };

  stop(): void {
    this.isOver = true;
    clearTimeout(this.timer);
  }
}
