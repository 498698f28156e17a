import type { DoctorOptions } from "@bowline/doctor";
import type { PageDoctorOptions } from "@bowline/doctor/browser";
import type { PageKind } from "./doctor-page-host.ts";

/**
 * What a browser tells of a fault: "surely" the one cause, or "one of" several; "handshake" is one of those of TLS, which Firefox tells
 * from the rest.
 */
export type Told = "surely" | "one of" | "handshake";

/** One fault of the list, as a page is to meet it. */
export interface PageRow {
  readonly id: string;
  readonly url: string;
  readonly options: PageDoctorOptions;
  readonly kind: PageKind;
  readonly told: Told;
  /** Where one of them tells more or less, by the browser's name. */
  readonly toldBy?: Readonly<Record<string, Told>>;
  /** What the doubt is called, where that is told. */
  readonly says?: string;
  /** The likeliest of several. */
  readonly leads?: string;
  /** What it cannot be. */
  readonly excludes?: readonly string[];
  /** Names the cause too, seen from elsewhere: the row as another machine meets it, or undefined where only a page does. */
  readonly outside?: { readonly url: string; readonly options: DoctorOptions; readonly ids: readonly string[] } | undefined;
  /** A WebSocket that opens at the same address: Firefox holds back what failed there before, until one does. */
  readonly warmUrl?: string;
  readonly isOffline?: boolean;
  /** How far the page's clock is ahead. */
  readonly skewMs?: number;
  /** WebSockets that the page has open meanwhile. */
  readonly held?: number;
  /** For this machine and the local network; only Chromium can be told. */
  readonly permission?: "denied" | "prompt" | "granted";
  /** Waits for what does not come. */
  readonly isSlow?: boolean;
}

export const toldIn = ({ told, toldBy }: PageRow, browser: string): Told => toldBy?.[browser] ?? told;

/** Options that a page has too. */
export function pageOptions(options: DoctorOptions): PageDoctorOptions {
  const { username, password, clientId, keepAlive, protocolVersion, will, subprotocols, topic, qos, retain } = options;
  const { payloadBytes, holdSeconds } = options;
  const given = { username, password, clientId, keepAlive, protocolVersion, will, subprotocols, topic, qos, retain };
  return Object.fromEntries(
    Object.entries({ ...given, payloadBytes, holdSeconds }).filter(([, value]) => value !== undefined),
  ) as PageDoctorOptions;
}
