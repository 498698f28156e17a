/**
 * One topic level in a tree of levels. Most levels of real topic trees have one child, so the first child lies in a field and
 * a Map is made only for the second.
 */
export abstract class LevelNode<N extends LevelNode<N>> {
  readonly level: string;
  /** The child, while there is exactly one. */
  private only: N | undefined = undefined;
  /** The children, while there are two or more. */
  private children: Map<string, N> | undefined = undefined;

  constructor(level: string) {
    this.level = level;
  }

  get hasChildren(): boolean {
    return this.only !== undefined || this.children !== undefined;
  }

  child(level: string): N | undefined {
    if (this.only !== undefined) return this.only.level === level ? this.only : undefined;
    return this.children?.get(level);
  }

  /** The child for the level text[start, end). A single child is compared in place, without making a string. */
  childAt(text: string, start: number, end: number): N | undefined {
    const only = this.only;
    if (only !== undefined) return only.level.length === end - start && text.startsWith(only.level, start) ? only : undefined;
    return this.children === undefined ? undefined : this.children.get(text.slice(start, end));
  }

  addChild(node: N): void {
    if (this.children !== undefined) this.children.set(node.level, node);
    else if (this.only === undefined) this.only = node;
    else {
      this.children = new Map([
        [this.only.level, this.only],
        [node.level, node],
      ]);
      this.only = undefined;
    }
  }

  removeChild(node: N): void {
    if (this.only === node) this.only = undefined;
    const children = this.children;
    if (children === undefined || !children.delete(node.level) || children.size > 1) return;
    for (const last of children.values()) this.only = last;
    this.children = undefined;
  }

  /** Puts all children onto the stack. */
  pushChildren(stack: N[]): void {
    if (this.only !== undefined) stack.push(this.only);
    else if (this.children !== undefined) for (const child of this.children.values()) stack.push(child);
  }
}
