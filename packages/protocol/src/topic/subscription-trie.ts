import { LevelNode } from "./level-node.ts";
import { hasWildcard } from "./topic-filter.ts";
import { ValueSet } from "./value-set.ts";

class FilterNode<T extends object> extends LevelNode<FilterNode<T>> {
  /** Child for the level "+". */
  single: FilterNode<T> | undefined = undefined;
  /** Values of the filter that ends at this level. */
  here: ValueSet<T> | undefined = undefined;
  /** Values of the filter that ends with "#" one level below. */
  below: ValueSet<T> | undefined = undefined;

  get isEmpty(): boolean {
    return this.here === undefined && this.below === undefined && this.single === undefined && !this.hasChildren;
  }
}

/**
 * Topic Filters and who subscribed to them. Values are told apart by reference, and one filter holds a value at most once; that
 * a new subscription replaces the old one of the same session is up to the caller, who keeps the value objects. Filters are
 * taken as valid and without `$share/ShareName/`. Nothing recurses, so the number of levels cannot exhaust the stack.
 *
 * Filters without wildcards lie in a Map; the tree holds the others alone and is not walked when there are none.
 */
export class SubscriptionTrie<T extends object> {
  private readonly exact = new Map<string, ValueSet<T>>();
  private readonly root = new FilterNode<T>("");
  /** Nodes reached at the current and at the next level of a match; kept so that a match allocates nothing. */
  private current: FilterNode<T>[] = [];
  private next: FilterNode<T>[] = [];
  private count = 0;

  /** Number of pairs of filter and value. */
  get size(): number {
    return this.count;
  }

  /** False when the value was under this filter already. */
  add(topicFilter: string, value: T): boolean {
    const isNew = hasWildcard(topicFilter) ? this.addToTree(topicFilter, value) : this.addExact(topicFilter, value);
    if (isNew) this.count++;
    return isNew;
  }

  /** False when the value was not under this filter. */
  remove(topicFilter: string, value: T): boolean {
    const wasThere = hasWildcard(topicFilter) ? this.removeFromTree(topicFilter, value) : this.removeExact(topicFilter, value);
    if (wasThere) this.count--;
    return wasThere;
  }

  /** Appends the values of all filters that match; a value subscribed through several of them is appended once for each. */
  matchInto(topicName: string, into: T[]): void {
    this.exact.get(topicName)?.appendTo(into);
    if (!this.root.isEmpty) this.matchTree(topicName, into);
  }

  private addExact(topicFilter: string, value: T): boolean {
    let values = this.exact.get(topicFilter);
    if (values === undefined) this.exact.set(topicFilter, (values = new ValueSet()));
    return values.add(value);
  }

  private removeExact(topicFilter: string, value: T): boolean {
    const values = this.exact.get(topicFilter);
    if (values === undefined || !values.delete(value)) return false;
    if (values.isEmpty) this.exact.delete(topicFilter);
    return true;
  }

  private addToTree(topicFilter: string, value: T): boolean {
    let node = this.root;
    for (const level of topicFilter.split("/")) {
      if (level === "#") return (node.below ??= new ValueSet()).add(value);
      if (level === "+") node = node.single ??= new FilterNode("+");
      else {
        let child = node.child(level);
        if (child === undefined) node.addChild((child = new FilterNode(level)));
        node = child;
      }
    }
    return (node.here ??= new ValueSet()).add(value);
  }

  private removeFromTree(topicFilter: string, value: T): boolean {
    const path = [this.root];
    let node: FilterNode<T> | undefined = this.root;
    const isMulti = topicFilter.endsWith("#");
    for (const level of topicFilter.split("/")) {
      if (level === "#") break;
      node = level === "+" ? node.single : node.child(level);
      if (node === undefined) return false;
      path.push(node);
    }
    const values = isMulti ? node.below : node.here;
    if (values === undefined || !values.delete(value)) return false;
    if (values.isEmpty) {
      if (isMulti) node.below = undefined;
      else node.here = undefined;
      this.prune(path);
    }
    return true;
  }

  /** Takes away the empty end of a path, and with it what earlier matches still hold on to. */
  private prune(path: FilterNode<T>[]): void {
    for (let i = path.length - 1; i > 0; i--) {
      const node = path[i]!;
      const parent = path[i - 1]!;
      if (!node.isEmpty) break;
      if (parent.single === node) parent.single = undefined;
      else parent.removeChild(node);
    }
    this.current = [];
    this.next = [];
  }

  /** Walks all paths that match at once, level by level. */
  private matchTree(topicName: string, into: T[]): void {
    let current = this.current;
    let next = this.next;
    current[0] = this.root;
    let reached = 1;
    // [MQTT-4.7.2-1]
    let wildcardsCount = topicName.charCodeAt(0) !== 0x24;
    for (let start = 0, end = 0; end < topicName.length; start = end + 1) {
      end = topicName.indexOf("/", start);
      if (end < 0) end = topicName.length;
      let found = 0;
      for (let i = 0; i < reached; i++) {
        const node = current[i]!;
        if (wildcardsCount) {
          node.below?.appendTo(into);
          if (node.single !== undefined) next[found++] = node.single;
        }
        const child = node.childAt(topicName, start, end);
        if (child !== undefined) next[found++] = child;
      }
      if (found === 0) return;
      reached = found;
      wildcardsCount = true;
      const swap = current;
      current = next;
      next = swap;
    }
    for (let i = 0; i < reached; i++) {
      const node = current[i]!;
      node.here?.appendTo(into);
      // "a/#" matches "a", its parent level.
      node.below?.appendTo(into);
    }
  }
}
