import { Random } from "./random.ts";

/** Dice that always fall on the plain answer of a sink: yes, now, without a commit, without a fault. */
export class Calm extends Random {
  constructor() {
    super(0, 0);
  }

  override below(limit: number): number {
    return limit - 1;
  }
}
