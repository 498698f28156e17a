import type { QoS } from "@bowline/protocol";
import type { SharedGroup } from "@bowline/protocol/internal";
import type { Session, Subscription } from "../sessions/session.ts";
import type { Storage } from "../storage/storage.ts";
import { mayDeliver } from "./may-deliver.ts";

type Group = SharedGroup<Session, Subscription>;

/**
 * Who of a shared subscription gets a message (section 4.8.2): in turn whoever is online and has nothing waiting; when all are busy, the
 * one with the fewest messages waiting, so that a slow member does not gather what others could take; and only when nobody is online,
 * in turn, those whose Session keeps it for them. Turns are fair where members are equal, and readiness where they are not.
 */
export class MemberChoice {
  /** Bytes a member's transport may hold before it counts as busy. */
  maximumBufferedBytes: number;
  /** One that would have had the last message, and may not. */
  denied: Subscription | undefined;
  private readonly storage: Storage;
  private topicName = "";
  private qos: QoS = 0;
  private except: Session | undefined;
  /** Storage takes nothing: members whose copy would have to be kept are not available. */
  private isReadOnly = false;
  private mustSurvive = false;

  constructor(storage: Storage, maximumBufferedBytes: number) {
    this.storage = storage;
    this.maximumBufferedBytes = maximumBufferedBytes;
  }

  /** The member that gets a message of that topic and QoS now; undefined for nobody. */
  choose(group: Group, topicName: string, qos: QoS, except: Session | undefined): Subscription | undefined {
    return this.chooseOnline(group, topicName, qos, except) ?? group.pick(this.isKeeping);
  }

  /**
   * The same among those who are connected and whose Session survives and keeps it: who may have what another Session that lasts has
   * kept. To others it would be lost in a crash, although it was acknowledged as kept.
   */
  chooseHeir(group: Group, topicName: string, qos: QoS, except: Session): Subscription | undefined {
    this.mustSurvive = true;
    const member = this.chooseOnline(group, topicName, qos, except);
    this.mustSurvive = false;
    return member;
  }

  private chooseOnline(group: Group, topicName: string, qos: QoS, except: Session | undefined): Subscription | undefined {
    this.topicName = topicName;
    this.qos = qos;
    this.except = except;
    this.denied = undefined;
    this.isReadOnly = this.storage.health.state !== "ok";
    return group.pick(this.isReady) ?? this.leastLoaded(group);
  }

  /** Whether nobody but a Session that survives could have it, so that it must be kept. */
  mustKeep(group: Group, topicName: string, qos: QoS): boolean {
    return this.choose(group, topicName, qos, undefined) === undefined && this.hasKeeper(group);
  }

  private hasKeeper(group: Group): boolean {
    this.isReadOnly = false;
    return group.pick(this.isKeeping) !== undefined;
  }

  private leastLoaded(group: Group): Subscription | undefined {
    let best: Subscription | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    // Nobody is taken, so each is seen once and the turn stays where it is.
    group.pick((member) => {
      const waiting = member.session.state.queue.length;
      if (waiting < fewest && this.isOnline(member)) {
        best = member;
        fewest = waiting;
      }
      return false;
    });
    return best;
  }

  private readonly isReady = (member: Subscription): boolean => {
    const connection = member.session.online;
    if (connection === undefined || connection.holdsMoreThan(this.maximumBufferedBytes)) return false;
    return (this.isAtMostOnce(member) || connection.sender.ready) && this.mayHave(member);
  };

  private readonly isOnline = (member: Subscription): boolean => member.session.online !== undefined && this.mayHave(member);

  private readonly isKeeping = (member: Subscription): boolean =>
    member.session.isPersistent && !this.isAtMostOnce(member) && this.mayHave(member);

  private mayHave(member: Subscription): boolean {
    const { session } = member;
    if (session === this.except) return false;
    const isKept = session.isPersistent && !this.isAtMostOnce(member);
    if (isKept ? this.isReadOnly : this.mustSurvive) return false;
    if (mayDeliver(member, this.topicName)) return true;
    this.denied = member;
    return false;
  }

  private isAtMostOnce(member: Subscription): boolean {
    return this.qos === 0 || member.qos === 0;
  }
}
