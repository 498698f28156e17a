/** Times of what is under way, in order: taken out as they were put in. */
export class TimeRing {
  private times: Float64Array = new Float64Array(128);
  private begin = 0;
  private end = 0;

  put(time: number): void {
    if (this.end - this.begin === this.times.length) this.grow();
    this.times[this.end++ & (this.times.length - 1)] = time;
  }

  /** The oldest; there must be one. */
  take(): number {
    return this.times[this.begin++ & (this.times.length - 1)]!;
  }

  private grow(): void {
    const { times, begin, end } = this;
    this.times = new Float64Array(times.length * 2);
    for (let i = begin; i < end; i++) this.times[i & (this.times.length - 1)] = times[i & (times.length - 1)]!;
  }
}
