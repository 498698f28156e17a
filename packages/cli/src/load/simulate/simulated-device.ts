import { type Client, connect, type Message } from "@bowline/client";
import type { MqttError } from "@bowline/protocol";
import type { ConnectionTarget } from "../../connection-options.ts";
import {
  type AnyState,
  called,
  firstDelay,
  messagesOf,
  nextDelay,
  payloadOf,
  type ScenarioRun,
  withoutTopic,
} from "./scenario-device.ts";
import type { Device, DeviceMessages, ScenarioCommand, ScenarioSchedule } from "./scenario.ts";

/** Who hears what a device does. */
export interface DeviceWatcher {
  /** It is online; `isBack`: not for the first time. */
  online(isBack: boolean): void;
  /** It was cut, by the scenario. */
  dropped(): void;
  /** Its connection ended, by nobody's will. */
  lost(): void;
  attemptFailed(error: MqttError): void;
  published(topic: string, payload: string | Uint8Array): void;
  publishFailed(error: MqttError): void;
  commanded(): void;
  /** A function of the scenario threw, or a message cannot be sent. */
  broken(error: unknown): void;
}

/** Devices of a test come back within seconds, not after the minute a fleet would take. */
const MAXIMUM_DELAY_MS = 5_000;

/** A device on the network: a client of the usual kind, and the timers of what it does. */
export class SimulatedDevice {
  private readonly device: Device<AnyState>;
  private readonly run: ScenarioRun;
  private readonly target: ConnectionTarget;
  private readonly watcher: DeviceWatcher;
  private readonly timers = new Map<object, NodeJS.Timeout>();
  private client: Client | undefined;
  private wasOnline = false;
  private isOver = false;

  /** @param device of that run, with its state */
  constructor(run: ScenarioRun, device: Device<AnyState>, target: ConnectionTarget, watcher: DeviceWatcher) {
    this.run = run;
    this.device = device;
    this.target = target;
    this.watcher = watcher;
  }

  start(): void {
    const { publish = [], drops } = this.run.scenario;
    const { random } = this.device;
    this.guard(() => this.connect());
    for (const schedule of publish) this.after(schedule, firstDelay(schedule, random), () => this.due(schedule));
    if (drops !== undefined) this.after(drops, this.exponential(drops.every), () => void this.drop());
  }

  async stop(): Promise<void> {
    this.isOver = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    const { client } = this;
    if (client !== undefined) await (client.status.state === "online" ? client.close() : client.abort());
  }

  private connect(): void {
    const { scenario } = this.run;
    const { options, url } = this.target;
    const will = scenario.will === undefined ? {} : { will: called("will", () => scenario.will?.(this.device)) };
    const client = connect(url, {
      ...options,
      ...(will.will === undefined ? {} : { will: will.will }),
      session: { ...options.session, clientId: this.device.id },
      reconnect: { maximumDelayMs: MAXIMUM_DELAY_MS },
    });
    this.client = client;
    client.on("status", ({ state }) => {
      if (state === "online") this.cameOnline();
    });
    client.on("connectionLost", () => this.watcher.lost());
    client.on("attemptFailed", ({ error }) => this.watcher.attemptFailed(error));
    client.on("publishFailed", ({ error }) => this.watcher.publishFailed(error));
    for (const command of scenario.commands ?? []) this.listen(client, command);
  }

  private cameOnline(): void {
    this.watcher.online(this.wasOnline);
    this.wasOnline = true;
    this.guard(() => this.send(called("online", () => this.run.scenario.online?.(this.device))));
  }

  private listen(client: Client, command: ScenarioCommand<AnyState>): void {
    const filter = called("filter", () => command.filter(this.device));
    const subscription = client.subscribe(filter, { qos: command.qos ?? 0 }, (message) => {
      this.watcher.commanded();
      this.guard(() =>
        this.send(
          called("handle", () => command.handle(this.device, message)),
          message,
        ),
      );
    });
    subscription.ready.catch((error: unknown) => {
      if (!this.isOver && this.client === client) this.watcher.broken(error);
    });
  }

  private due(schedule: ScenarioSchedule<AnyState>): void {
    this.after(schedule, nextDelay(schedule, this.device.random), () => this.due(schedule));
    // What would be measured while the device is away is not sent later.
    if (this.client?.status.state !== "online") return;
    this.guard(() => this.send(called("message", () => schedule.message(this.device))));
  }

  private send(messages: DeviceMessages, request?: Message): void {
    const { client } = this;
    if (client === undefined || this.isOver) return;
    const { responseTopic, correlationData } = request?.properties ?? {};
    for (const { topic, payload, qos = 0, retain = false } of messagesOf(messages)) {
      const bytes = payloadOf(payload);
      const topicName = topic ?? responseTopic ?? withoutTopic();
      const isAnswer = topic === undefined && correlationData !== undefined;
      client.publish(topicName, bytes, { qos, retain, ...(isAnswer ? { correlationData } : {}) });
      this.watcher.published(topicName, bytes);
    }
  }

  /** Cuts the connection without a goodbye, and comes back after a while. */
  private async drop(): Promise<void> {
    const { drops } = this.run.scenario;
    if (drops === undefined) return;
    const { client } = this;
    const isOnline = client?.status.state === "online";
    // What still comes of this one is nobody's failure.
    this.client = undefined;
    await client?.abort();
    if (this.isOver) return;
    if (isOnline) this.watcher.dropped();
    this.after(drops, this.exponential(drops.away), () => {
      this.guard(() => this.connect());
      this.after(drops, this.exponential(drops.every), () => void this.drop());
    });
  }

  /** ms of a time that comes at random moments with this mean, in seconds. */
  private exponential(seconds: number): number {
    return -Math.log(1 - this.device.random.next()) * seconds * 1_000;
  }

  private after(key: object, ms: number, run: () => void): void {
    if (!this.isOver) this.timers.set(key, setTimeout(run, ms));
  }

  private guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.watcher.broken(error);
    }
  }
}
