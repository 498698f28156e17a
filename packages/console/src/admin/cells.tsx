import type { JSX } from "preact";
import { count } from "../text/numbers.ts";
import { timeOfDay } from "../text/times.ts";
import { visibleLine } from "../text/visible-text.ts";

const VERSIONS: Readonly<Record<number, string>> = { 3: "3.1", 4: "3.1.1", 5: "5.0" };

/** The version of MQTT that a connection speaks. */
export function versionName(protocolVersion: number): string {
  return VERSIONS[protocolVersion] ?? String(protocolVersion);
}

/** Whom an authenticator named. */
export function UserName({ name }: { name: string }): JSX.Element {
  return name === "" ? <i>anonymous</i> : <bdi>{visibleLine(name)}</bdi>;
}

/** A moment of the past, as the time of day. */
export function Moment({ at }: { at: number }): JSX.Element {
  return <time dateTime={new Date(at).toISOString()}>{timeOfDay(at)}</time>;
}

/** A number that should be 0. */
export function Loss({ value }: { value: number }): JSX.Element {
  return <span class={value > 0 ? "bad" : undefined}>{count(value)}</span>;
}
