/** Handshakes that may begin in one turn of the event loop: some 3 ms of work, for which whoever is connected waits. */
const PER_TURN = 8;

/**
 * Begins TLS handshakes a few in each turn, in order, so that a crowd that comes at once waits, and not those who are connected. How many
 * may wait is bounded by the rates of `ConnectionLimits`.
 */
export class HandshakePace {
  readonly #perTurn: number;
  readonly #defer: (turn: () => void) => void;
  #waiting: (() => void)[] = [];
  #next = 0;
  #begun = 0;

  constructor(perTurn: number = PER_TURN, defer: (turn: () => void) => void = setImmediate) {
    this.#perTurn = perTurn;
    this.#defer = defer;
  }

  /** Begins it at once where this turn has room and nobody waits, else in one of the next. */
  begin(handshake: () => void): void {
    // Set going by the first of a turn, and from then on by itself while there is any.
    if (this.#begun === 0) this.#defer(this.#turn);
    if (this.#begun >= this.#perTurn) {
      this.#waiting.push(handshake);
      return;
    }
    this.#begun++;
    handshake();
  }

  readonly #turn = (): void => {
    const end = Math.min(this.#waiting.length, this.#next + this.#perTurn);
    this.#begun = end - this.#next;
    const due = this.#waiting.slice(this.#next, end);
    this.#next = end;
    if (end === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    }
    if (this.#begun > 0) this.#defer(this.#turn);
    for (const handshake of due) handshake();
  };
}

/** There is one event loop, and so one pace for all tenants and listeners. */
export const handshakePace: HandshakePace = new HandshakePace();
