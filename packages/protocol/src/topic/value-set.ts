/** A set of objects that is small for its commonest size, which is one. */
export class ValueSet<T extends object> {
  private only: T | undefined = undefined;
  private many: Set<T> | undefined = undefined;

  get isEmpty(): boolean {
    return this.only === undefined && this.many === undefined;
  }

  /** False when it was there already. */
  add(value: T): boolean {
    if (this.many !== undefined) {
      const before = this.many.size;
      return this.many.add(value).size > before;
    }
    if (this.only === undefined) this.only = value;
    else if (this.only === value) return false;
    else {
      this.many = new Set([this.only, value]);
      this.only = undefined;
    }
    return true;
  }

  /** False when it was not there. */
  delete(value: T): boolean {
    if (this.many !== undefined) {
      const wasThere = this.many.delete(value);
      if (this.many.size === 0) this.many = undefined;
      return wasThere;
    }
    if (this.only !== value) return false;
    this.only = undefined;
    return true;
  }

  appendTo(array: T[]): void {
    if (this.only !== undefined) array.push(this.only);
    else if (this.many !== undefined) for (const value of this.many) array.push(value);
  }
}
