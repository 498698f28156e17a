import { LevelNode } from "./level-node.ts";

class TopicNode<V> extends LevelNode<TopicNode<V>> {
  /** Undefined where a Topic Name only passes through. */
  entry: RetainedEntry<V> | undefined = undefined;
}

export interface RetainedEntry<V> {
  readonly topicName: string;
  readonly value: V;
}

/**
 * Retained messages by Topic Name, found by Topic Filter: only branches that can match are walked. Names and filters are taken
 * as valid. Nothing recurses, so the number of levels cannot exhaust the stack.
 */
export class RetainedIndex<V> {
  private readonly root = new TopicNode<V>("");
  private count = 0;

  /** Number of Topic Names that have a value. */
  get size(): number {
    return this.count;
  }

  get(topicName: string): V | undefined {
    return this.find(topicName)?.entry?.value;
  }

  set(topicName: string, value: V): void {
    let node = this.root;
    for (let start = 0; start <= topicName.length; ) {
      const end = levelEnd(topicName, start);
      let child = node.childAt(topicName, start, end);
      if (child === undefined) node.addChild((child = new TopicNode(topicName.slice(start, end))));
      node = child;
      start = end + 1;
    }
    if (node.entry === undefined) this.count++;
    node.entry = { topicName, value };
  }

  /** False when there was none. */
  delete(topicName: string): boolean {
    const path = [this.root];
    let node: TopicNode<V> | undefined = this.root;
    for (const level of topicName.split("/")) {
      node = node.child(level);
      if (node === undefined) return false;
      path.push(node);
    }
    if (node.entry === undefined) return false;
    node.entry = undefined;
    this.count--;
    for (let i = path.length - 1; i > 0; i--) {
      if (path[i]!.entry !== undefined || path[i]!.hasChildren) break;
      path[i - 1]!.removeChild(path[i]!);
    }
    return true;
  }

  /** Calls `visit` for each value whose Topic Name the filter matches, in no particular order; it may delete what it is given. */
  match(topicFilter: string, visit: (value: V, topicName: string) => void): void {
    for (const entry of this.matching(topicFilter)) visit(entry.value, entry.topicName);
  }

  /**
   * The same, one at a time, so that a filter which matches a million messages can be served in portions. What is set or
   * deleted in between may or may not be seen.
   */
  *matching(topicFilter: string): Generator<RetainedEntry<V>, void, undefined> {
    const levels = topicFilter.split("/");
    const isMulti = levels.at(-1) === "#";
    const depth = isMulti ? levels.length - 1 : levels.length;
    // Nodes still to be looked at, each with the number of levels it is deep.
    const nodes = [this.root];
    const depths = [0];
    while (nodes.length > 0) {
      const node = nodes.pop()!;
      const at = depths.pop()!;
      if (at >= depth && node.entry !== undefined) yield node.entry;
      if (at < depth && levels[at] !== "+") {
        const child = node.child(levels[at]!);
        if (child !== undefined) nodes.push(child);
      } else if (at < depth || isMulti) pushChildren(node, nodes, at === 0);
      while (depths.length < nodes.length) depths.push(at + 1);
    }
  }

  /** All there are, in no particular order. */
  *entries(): Generator<RetainedEntry<V>, void, undefined> {
    const nodes = [this.root];
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      if (node.entry !== undefined) yield node.entry;
      node.pushChildren(nodes);
    }
  }

  private find(topicName: string): TopicNode<V> | undefined {
    let node: TopicNode<V> | undefined = this.root;
    for (let start = 0; start <= topicName.length && node !== undefined; ) {
      const end = levelEnd(topicName, start);
      node = node.childAt(topicName, start, end);
      start = end + 1;
    }
    return node;
  }
}

function pushChildren<V>(node: TopicNode<V>, stack: TopicNode<V>[], isFirstLevel: boolean): void {
  const before = stack.length;
  node.pushChildren(stack);
  if (!isFirstLevel) return;
  // [MQTT-4.7.2-1]
  let kept = before;
  for (let i = before; i < stack.length; i++) if (!stack[i]!.level.startsWith("$")) stack[kept++] = stack[i]!;
  stack.length = kept;
}

function levelEnd(topicName: string, start: number): number {
  const end = topicName.indexOf("/", start);
  return end < 0 ? topicName.length : end;
}
