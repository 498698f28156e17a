import type { ProtocolVersion } from "@bowline/protocol";
import type { IClientSubscribeOptions, ISubscriptionGrant, ISubscriptionMap, ISubscriptionRequest } from "./options.ts";
import type { ISubackPacket } from "./packets.ts";
import type { ClientSubscribeCallback } from "./subscriptions.ts";

/** Tells the trailing arguments of a method apart: options, a callback, or both. */
export function split<Options extends object, Callback>(
  rest: readonly (Options | Callback | undefined)[],
): { options: Options | undefined; callback: Callback | undefined } {
  let options: Options | undefined;
  let callback: Callback | undefined;
  for (const argument of rest) {
    if (typeof argument === "function") callback ??= argument as Callback;
    else if (typeof argument === "object" && argument !== null) options ??= argument as Options;
  }
  return { options, callback };
}

/**
 * A call with a callback as a promise. What fails because the connection is closed MQTT.js often never settles, and programs that do not
 * wait for it rely on that: it ends no process.
 */
export function promised<Result>(call: (done: (error?: Error | null, result?: Result) => void) => void): Promise<Result> {
  const promise = new Promise<Result>((resolve, reject) => {
    call((error, result) => {
      if (!error) resolve(result as Result);
      else reject(error);
      if (error?.message === "Connection closed") queueMicrotask(forgive);
    });
  });
  function forgive(): void {
    promise.catch(() => undefined);
  }
  return promise;
}

export function isMap(topics: string | string[] | ISubscriptionMap): topics is ISubscriptionMap {
  return typeof topics === "object" && topics !== null && !Array.isArray(topics);
}

/** One Topic Filter with its options; those of MQTT 5.0 only where they can be sent. */
export function requestOf(
  topic: string,
  options: Partial<IClientSubscribeOptions>,
  version: ProtocolVersion,
): ISubscriptionRequest {
  const { qos = 0, nl = false, rap = false, rh = 0, properties } = options;
  // As in MQTT.js, the property is there even without a value.
  return version === 5 ? { topic, qos, nl, rap, rh, properties } : { topic, qos };
}

/** One callback for several SUBSCRIBEs: called when all are answered, with the first error. */
export function joined(count: number, callback: ClientSubscribeCallback): ClientSubscribeCallback {
  const all: ISubscriptionGrant[] = [];
  let left = count;
  let failure: Error | null = null;
  let last: ISubackPacket | undefined;
  return (error, grants = [], packet) => {
    all.push(...grants);
    failure ??= error;
    last = packet ?? last;
    if (--left === 0) callback(failure, all, last);
  };
}
