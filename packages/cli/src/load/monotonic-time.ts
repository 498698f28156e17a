/** Nanoseconds of the machine's monotonic clock, the same in every thread; exact to some ns until 104 days of uptime. */
export function nowNs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}
