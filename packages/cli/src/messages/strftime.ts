import { MqttError } from "@bowline/protocol";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;
const DAY_MS = 86_400_000;

/** One piece of a local time, such as the year. */
export type TimeField = (time: Date) => string;

/** What C's strftime makes of these letters in the C locale, and N for nanoseconds as `date` has it. Named in docs/command-line.md. */
export const TIME_FIELDS: Readonly<Record<string, TimeField>> = {
  a: (time) => dayName(time).slice(0, 3),
  A: (time) => dayName(time),
  b: (time) => monthName(time).slice(0, 3),
  B: (time) => monthName(time),
  c: (time) => fields(time, "a b e T Y", " "),
  C: (time) => two(Math.floor(time.getFullYear() / 100)),
  d: (time) => two(time.getDate()),
  D: (time) => fields(time, "m d y", "/"),
  e: (time) => String(time.getDate()).padStart(2),
  F: (time) => fields(time, "Y m d", "-"),
  g: (time) => two(weekDate(time).year % 100),
  G: (time) => String(weekDate(time).year),
  h: (time) => monthName(time).slice(0, 3),
  H: (time) => two(time.getHours()),
  I: (time) => two(hour12(time)),
  j: (time) => String(dayOfYear(time)).padStart(3, "0"),
  k: (time) => String(time.getHours()).padStart(2),
  l: (time) => String(hour12(time)).padStart(2),
  m: (time) => two(time.getMonth() + 1),
  M: (time) => two(time.getMinutes()),
  n: () => "\n",
  N: (time) => `${String(time.getMilliseconds()).padStart(3, "0")}000000`,
  p: (time) => (time.getHours() < 12 ? "AM" : "PM"),
  P: (time) => (time.getHours() < 12 ? "am" : "pm"),
  r: (time) => `${fields(time, "I M S", ":")} ${TIME_FIELDS["p"]?.(time)}`,
  R: (time) => fields(time, "H M", ":"),
  s: (time) => String(Math.floor(time.getTime() / 1_000)),
  S: (time) => two(time.getSeconds()),
  t: () => "\t",
  T: (time) => fields(time, "H M S", ":"),
  u: (time) => String(time.getDay() || 7),
  U: (time) => two(Math.floor((dayOfYear(time) + 6 - time.getDay()) / 7)),
  V: (time) => two(weekDate(time).week),
  w: (time) => String(time.getDay()),
  W: (time) => two(Math.floor((dayOfYear(time) + 6 - ((time.getDay() + 6) % 7)) / 7)),
  x: (time) => fields(time, "m d y", "/"),
  X: (time) => fields(time, "H M S", ":"),
  y: (time) => two(time.getFullYear() % 100),
  Y: (time) => String(time.getFullYear()),
  z: (time) => offset(-time.getTimezoneOffset()),
  Z: (time) => zone(time),
  "%": () => "%",
};

/** @throws MqttError USAGE */
export function timeField(letter: string): TimeField {
  const field = Object.hasOwn(TIME_FIELDS, letter) ? TIME_FIELDS[letter] : undefined;
  if (field !== undefined) return field;
  const known = Object.keys(TIME_FIELDS)
    .map((name) => `@${name}`)
    .join(" ");
  throw new MqttError("USAGE", { detail: `--print has no @${letter}; there are ${known}, and @@ for an @` });
}

function fields(time: Date, letters: string, between: string): string {
  return letters
    .split(" ")
    .map((letter) => TIME_FIELDS[letter]?.(time))
    .join(between);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function dayName(time: Date): string {
  return DAYS[time.getDay()] ?? "";
}

function monthName(time: Date): string {
  return MONTHS[time.getMonth()] ?? "";
}

function hour12(time: Date): number {
  return time.getHours() % 12 || 12;
}

/** From 1. Counted in UTC, where every day has 24 hours. */
function dayOfYear(time: Date): number {
  return (Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()) - Date.UTC(time.getFullYear(), 0, 0)) / DAY_MS;
}

/** Year and week of ISO 8601: a week belongs to the year that its Thursday is in. */
function weekDate(time: Date): { year: number; week: number } {
  const thursday = new Date(time.getFullYear(), time.getMonth(), time.getDate() + 4 - (time.getDay() || 7), 12);
  return { year: thursday.getFullYear(), week: Math.ceil(dayOfYear(thursday) / 7) };
}

function offset(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

function zone(time: Date): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(time);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}
