import type { QoS } from "@bowline/protocol";

/** Ms by which the broker may be late with what falls due: it looks at its deadlines each 250 ms. */
export const SWEEP_MS = 300;

/**
 * What must become of a will: `armed` while its connection lives, `due` at `dueAt`, `never` after a DISCONNECT or a resumption
 * in time. `maybe` where a crash, or the width of a deadline, leaves it open.
 */
export interface WillModel {
  readonly message: string;
  readonly client: string;
  readonly topicName: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly delay: number;
  state: "armed" | "due" | "never" | "maybe";
  dueAt: number;
  /** Until when it may be late: a restart counts its delay anew. */
  dueBy: number;
  /** The group of rows that its state is kept with: a crash before that commit takes it back. 0 when it was promised. */
  group: number;
  isSeen: boolean;
  /** Its session was to end with the connection, so a crash may lose it. */
  isTransient: boolean;
}

/** The wills of all clients. */
export class WillModels {
  readonly all: Map<string, WillModel> = new Map();

  arm(will: Pick<WillModel, "message" | "client" | "topicName" | "qos" | "retain" | "delay">): WillModel {
    // A client that comes back with the same will cannot be told apart from its earlier connection.
    const state = this.all.has(will.message) ? "maybe" : "armed";
    const model: WillModel = { ...will, state, dueAt: 0, dueBy: 0, group: 0, isSeen: false, isTransient: false };
    this.all.set(will.message, model);
    return model;
  }

  /** Its connection ended otherwise than by a normal DISCONNECT. */
  fallDue(will: WillModel, now: number, expiry: number, group: number): void {
    if (will.state !== "armed") return;
    will.state = "due";
    will.dueAt = now + Math.min(will.delay, expiry) * 1000;
    will.dueBy = will.dueAt + SWEEP_MS;
    will.group = group;
    will.isTransient = expiry === 0;
  }

  /** A CONNECT of the client was taken: what was still to come is cancelled, or comes now when the session ends. */
  connected(client: string, isClean: boolean, isThere: "yes" | "no" | "maybe", now: number, group: number): WillModel[] {
    const cancelled: WillModel[] = [];
    for (const will of this.all.values()) {
      if (will.client !== client || will.state !== "due" || will.isSeen || isThere === "no") continue;
      if (isClean) will.dueAt = Math.min(will.dueAt, now);
      else if (isThere === "yes" && now < will.dueAt) {
        will.state = "never";
        will.group = group;
        cancelled.push(will);
      } else if (now < will.dueBy) will.state = "maybe";
    }
    return cancelled;
  }

  /** The broker died when it had kept everything up to that group. */
  crashed(committed: number): void {
    for (const will of this.all.values()) {
      if (will.group <= committed) continue;
      if (will.state === "never" || (will.state === "due" && will.isTransient)) will.state = "maybe";
    }
  }

  /** A session whose connection's end was not kept counts from now. */
  restarted(now: number): void {
    for (const will of this.all.values()) {
      if (will.state === "due" && !will.isSeen) will.dueBy = Math.max(will.dueBy, now + will.delay * 1000 + SWEEP_MS);
    }
  }

  /** Wills that should have been seen by then. */
  missing(now: number): WillModel[] {
    return [...this.all.values()].filter((will) => will.state === "due" && !will.isSeen && will.qos > 0 && will.dueBy < now);
  }
}
