/** One value a topic's retained message may have; undefined for none. */
interface RetainedValue {
  readonly message: string | undefined;
  /** The group of rows it was written with; 0 when it is certain, below 0 when a crash left it open. */
  group: number;
}

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
    const messages = new Set([...this.possible(topicName), message]);
    this.topics.set(
      topicName,
      [...messages].map((one) => ({ message: one, group: -1 })),
    );
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
      this.topics.set(topicName, left.length === 1 ? [{ ...left[0]!, group: 0 }] : left.map((value) => ({ ...value, group: -1 })));
    }
  }

  /** What it may be: one value, unless a crash left it open. */
  possible(topicName: string): (string | undefined)[] {
    const values = this.topics.get(topicName) ?? [];
    const last = values.at(-1);
    if (last === undefined) return [undefined];
    return last.group >= 0 ? [last.message] : values.map(({ message }) => message);
  }

  get topicNames(): string[] {
    return [...this.topics.keys()];
  }
}
