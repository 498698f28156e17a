const clockTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit" });

/** Time of day, with the date in front of it unless that is today's. */
export function timeOfDay(at: number, now: number = Date.now()): string {
  const time = clockTime.format(at);
  return day.format(at) === day.format(now) ? time : `${day.format(at)} ${time}`;
}

/** Time of day with its milliseconds: the order of packets is told by them. */
export function timeOfDayMs(at: number): string {
  return `${clockTime.format(at)}.${String(Math.floor(at) % 1_000).padStart(3, "0")}`;
}

/** 5 s, 3 min, 2 h 5 min, 4 d 1 h: never more than two units. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
