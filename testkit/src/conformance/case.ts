import type { Version } from "./wire/build.ts";

/** One statement, or a few that are seen together, on one version of the protocol. */
export interface ConformanceCase<Context> {
  /** Unique: what divergences are listed by. */
  readonly id: string;
  /** The ids of the statements in brackets, then a sentence. */
  readonly title: string;
  readonly version: Version;
  readonly run: (context: Context) => Promise<void>;
}

export type CaseBody<Context> = (context: Context) => Promise<void>;

/** The server or client under test lacks what the case is about, and says so. */
export class NotApplicable extends Error {
  override readonly name = "NotApplicable";
}

/** Cases of a chapter, in the order they are written. A title names the statements of every version that it is for. */
export class CaseList<Context> {
  readonly cases: ConformanceCase<Context>[] = [];
  private readonly name: string;

  /** `name` begins the ids of the cases. */
  constructor(name: string) {
    this.name = name;
  }

  /** On 5.0 and 3.1.1. */
  both(id: string, title: string, run: CaseBody<Context>): void {
    this.inVersion(5, id, title, run);
    this.inVersion(4, id, title, run);
  }

  inVersion(version: Version, id: string, title: string, run: CaseBody<Context>): void {
    this.cases.push({ id: `${versionName(version)} ${this.name}/${id}`, title: titleFor(version, title), version, run });
  }
}

export function versionName(version: Version): string {
  return { 3: "3.1", 4: "3.1.1", 5: "5.0" }[version];
}

/** `3.1` of the first statement that the title names. */
export function chapterOf({ title }: { readonly title: string }): string {
  return /\[(?:v3 MQTT-|MQTT-|section )(\d+\.\d+)/.exec(title)?.[1] ?? "other";
}

/** Leaves the statements of the other version out. */
function titleFor(version: Version, title: string): string {
  const other = version === 5 ? /\[v3 [^\]]+\] */g : /\[MQTT-[^\]]+\] */g;
  return title.replace(other, "");
}
