/** One value a topic's retained message may have; undefined for none. */
interface RetainedValue {
  readonly message: string | undefined;
  /** The group of rows it was written with; 0 when it is certain, `OPEN` when it may not have been set at all. */
  group: number;
}

const OPEN = -1;

/** The retained message of each topic, or those it may be after a crash. */
export class RetainedModel {
  private readonly topics = new Map<string, RetainedValue[]>();

  set(topicName: string, message: string | undefined, group: number): void {
    const values = this.topics.get(topicName) ?? [{ message: undefined, group: 0 }];
    values.push({ message, group });
    this.topics.set(topicName, values);
  }

  /** It may have been set now, or not: a PUBLISH came again that may have counted before a crash. */
  maySet(topicName: string, message: string | undefined): void {
    this.set(topicName, message, OPEN);
  }

  /** Its publisher was told that it is kept. */
  acknowledged(topicName: string, message: string | undefined): void {
    const values = this.topics.get(topicName) ?? [];
    const value = values[values.map((one) => one.message === message).lastIndexOf(true)];
    if (value !== undefined && value.group > 0) value.group = 0;
  }

  /** The broker died when it had kept everything up to that group. */
  crashed(committed: number): void {
    for (const [topicName, values] of this.topics) {
      const firm = values.map(({ group }) => group >= 0 && group <= committed).lastIndexOf(true);
      const left = values.slice(Math.max(0, firm));
      this.topics.set(
        topicName,
        left.length === 1 ? [{ ...left[0]!, group: 0 }] : left.map((value) => ({ ...value, group: OPEN })),
      );
    }
  }

  /** What it may be: one value, unless a crash or a cut left it open. */
  possible(topicName: string): (string | undefined)[] {
    const values = this.topics.get(topicName) ?? [{ message: undefined, group: 0 }];
    // What was set before the last value that is sure comes back after a crash at most.
    const sure = values.map(({ group }) => group !== OPEN).lastIndexOf(true);
    return values.slice(Math.max(0, sure)).map(({ message }) => message);
  }

  get topicNames(): string[] {
    return [...this.topics.keys()];
  }
}
