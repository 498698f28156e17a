import type { QoS } from "@bowline/protocol";
import type { Publication } from "./publication.ts";

/** What reached the applications: how often, and in which order. */
export class Arrivals {
  private readonly counts = new Map<string, number>();
  /** Of those that must not come again. */
  private readonly onceCounts = new Map<string, number>();
  /** By receiver, publisher, topic and QoS: the publication with the highest place so far. */
  private readonly latest = new Map<string, Publication>();
  private readonly sharedCounts = new Map<Publication, number>();
  private readonly violated: (what: string) => void;

  constructor(violated: (what: string) => void) {
    this.violated = violated;
  }

  has(client: string, { message }: Publication): boolean {
    return this.counts.has(`${client} ${message}`);
  }

  add(client: string, publication: Publication, qos: QoS, retain: boolean): void {
    const key = `${client} ${publication.message}`;
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    // What goes at QoS 1 on either way may come again.
    if (publication.qos !== 1 && qos !== 1) this.checkCount(client, publication, this.countOnce(key));
    if (count === 1 && !retain && publication.groups.size === 0) this.checkOrder(client, publication, qos);
  }

  private countOnce(key: string): number {
    const count = (this.onceCounts.get(key) ?? 0) + 1;
    this.onceCounts.set(key, count);
    return count;
  }

  /** QoS 2 comes once, and QoS 0 at most once: for each way in which the client was to get it. */
  private checkCount(client: string, publication: Publication, count: number): void {
    const { message, copies, groups, retainedCopies } = publication;
    const epochs = publication.qos === 0 ? 1 : publication.epochs.size;
    const allowed = epochs * (Math.min(1, copies.get(client)?.length ?? 0) + groups.size) + (retainedCopies.get(client) ?? 0);
    if (count > Math.max(1, allowed)) this.violated(`${client} got ${message} (QoS ${publication.qos}) ${count} times`);
    if (groups.size === 0 || copies.size > 0 || retainedCopies.size > 0) return;
    const shared = (this.sharedCounts.get(publication) ?? 0) + 1;
    this.sharedCounts.set(publication, shared);
    if (shared > epochs * groups.size) this.violated(`${shared} members of ${[...groups.keys()].join(" and ")} got ${message}`);
  }

  /** Section 4.6: first arrivals come in the order of their publisher, unless an earlier one was sent to the broker again. */
  private checkOrder(client: string, publication: Publication, qos: QoS): void {
    const key = `${client} ${publication.client} ${publication.topicName} ${publication.qos} ${qos}`;
    const latest = this.latest.get(key);
    if (latest === undefined || latest.order < publication.order) this.latest.set(key, publication);
    else if (publication.lastRouted < latest.firstRouted) {
      this.violated(`${client} got ${publication.message} after ${latest.message}, which ${publication.client} published later`);
    }
  }
}
