/** Handshakes that may begin in one turn of the event loop: some 3 ms of work, for which whoever is connected waits. */
const PER_TURN = 8;
/** Handshakes that may wait for their turn: some seconds' worth where turns are long, and as long as a client is patient. */
const WAITING_MAXIMUM = 2_000;

/**
 * Begins TLS handshakes a few in each turn, in order, so that a crowd that comes at once waits, and not those who are connected.
 */
export class HandshakePace {
  readonly #perTurn: number;
  readonly #maximum: number;
  readonly #defer: (turn: () => void) => void;
  #waiting: (() => void)[] = [];
  #next = 0;
  #begun = 0;

  constructor(perTurn: number = PER_TURN, defer: (turn: () => void) => void = setImmediate, maximum: number = WAITING_MAXIMUM) {
    this.#perTurn = perTurn;
    this.#maximum = maximum;
    this.#defer = defer;
  }

  /** Begins it at once where this turn has room and nobody waits, else in one of the next; false when too many wait. */
  begin(handshake: () => void): boolean {
    // Set going by the first of a turn, and from then on by itself while there is any.
    if (this.#begun === 0) this.#defer(this.#turn);
    if (this.#begun >= this.#perTurn) {
      if (this.#waiting.length - this.#next >= this.#maximum) return false;
      this.#waiting.push(handshake);
      return true;
    }
    this.#begun++;
    handshake();
    return true;
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
