/**
 * The subscribers that share one subscription (one ShareName and Topic Filter), MQTT 5.0 section 4.8.2: each message goes to
 * one of them. They take turns: within a round everybody who is available is picked once, whoever joins or leaves meanwhile.
 */
export class SharedGroup<S, M> {
  /** Those before `turn` have had their turn in this round. Their order within each part does not matter. */
  private readonly subscribers: S[] = [];
  private readonly members: M[] = [];
  private readonly places = new Map<S, number>();
  private turn = 0;

  get size(): number {
    return this.members.length;
  }

  /** True when the last member left: the owner then drops the group. */
  get isEmpty(): boolean {
    return this.members.length === 0;
  }

  get(subscriber: S): M | undefined {
    const place = this.places.get(subscriber);
    return place === undefined ? undefined : this.members[place];
  }

  /** Adds a member, or replaces the member of that subscriber, who then keeps its turn. */
  join(subscriber: S, member: M): void {
    const place = this.places.get(subscriber) ?? this.members.length;
    this.put(place, subscriber, member);
  }

  /** False when the subscriber was not in the group. */
  leave(subscriber: S): boolean {
    let hole = this.places.get(subscriber);
    if (hole === undefined) return false;
    this.places.delete(subscriber);
    if (hole < this.turn) {
      this.turn--;
      hole = this.moveInto(hole, this.turn);
    }
    this.moveInto(hole, this.members.length - 1);
    this.subscribers.pop();
    this.members.pop();
    return true;
  }

  /** The next member that is available, in turn; undefined when nobody is. */
  pick(isAvailable: (member: M) => boolean): M | undefined {
    const size = this.members.length;
    for (let tried = 0; tried < size; tried++) {
      if (this.turn >= size) this.turn = 0;
      const member = this.members[this.turn++]!;
      if (isAvailable(member)) return member;
    }
    return undefined;
  }

  /** Moves the one at `from` into the hole and answers where the hole is now. */
  private moveInto(hole: number, from: number): number {
    if (hole !== from) this.put(hole, this.subscribers[from]!, this.members[from]!);
    return from;
  }

  private put(place: number, subscriber: S, member: M): void {
    this.subscribers[place] = subscriber;
    this.members[place] = member;
    this.places.set(subscriber, place);
  }
}
