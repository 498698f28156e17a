/** What happened at one tenant since the broker started. Plain numbers, added to on the hot path and read by admin API and metrics. */
export class Counters {
  /** PUBLISH packets received and accepted. */
  messagesReceived = 0;
  /** PUBLISH packets written to clients; for QoS 1 and 2 the first time each. */
  messagesSent = 0;
  bytesReceived = 0;
  bytesSent = 0;
  connectionsAccepted = 0;
  /** Network Connections whose CONNECT was refused. */
  connectionsRefused = 0;
  /** Of them, because the broker lagged or held too much memory. */
  refusedOverload = 0;
  /** Of them, because their owner had as many connections as it may. */
  refusedOwner = 0;
  /** Of them, because their tenant had as many connections as it may. */
  refusedConnections = 0;
  /** Of them, because their tenant had as many Sessions as it may. */
  refusedSessions = 0;
  /** Of them, because the client came back too often. */
  refusedFlapping = 0;
  /** Connections without a whole CONNECT in time. */
  connectTimeouts = 0;
  /** Connections ended for a packet larger than it may be, before their CONNECT was accepted and after. */
  connectsTooLarge = 0;
  packetsTooLarge = 0;
  /** Connections ended because their client had more unacknowledged messages than it may. */
  receiveMaximumExceeded = 0;
  /** Topic Names and Topic Filters refused for their levels or their bytes. */
  topicsTooDeep = 0;
  /** CONNECTs that were given a shorter Session Expiry Interval than they asked for. */
  sessionExpiryLowered = 0;
  /** Not delivered because the receiver's transport held too much (QoS 0). */
  droppedSlow = 0;
  /** Not delivered because the receiver's queue was full (QoS 1 and 2). */
  droppedQueueFull = 0;
  /** Not delivered because larger than the receiver's Maximum Packet Size. */
  droppedTooLarge = 0;
  /** Not delivered because the Message Expiry Interval had passed. */
  droppedExpired = 0;
  /** Waited for a receiver who had lost the right to it. */
  droppedRevoked = 0;
  /** PUBLISH packets refused to their publisher. */
  publishesDenied = 0;
  /** Of them, because a receiver's queue was full (`queueFull: reliable`). */
  publishesBlocked = 0;
  /** Connections that were ended because their client's queue was full (`queueFull: disconnect`), or it does not read its answers. */
  slowDisconnected = 0;
  /** Of them, because their publisher was over its rate. */
  publishesOverRate = 0;
  /** Questions about rights that whoever was asked did not answer, which denies. */
  authorizationsUnanswered = 0;
  /** Times that a publisher over its rate was not read from for a while. */
  publishersSlowed = 0;
  /** Times that a publisher was not read from until storage had kept what it was given. */
  publishersHeld = 0;
  /** Messages that were not retained, since their tenant has as many as it may. */
  retainedRefused = 0;
  /** Topic Filters refused, since their Session has as many as it may. */
  subscriptionsRefused = 0;
  /** Wills that wait, or waited, for storage that took nothing. */
  willsPostponed = 0;
  /** Wills that were not published: no right, or too many waited for storage. */
  willsDropped = 0;

  /** Logins that were refused, at CONNECT or by AUTH, by reason. */
  loginsBadCredentials = 0;
  loginsNotAuthorized = 0;
  loginsUnavailable = 0;
  loginsBusy = 0;
  loginsBanned = 0;
  loginsUnknownMethod = 0;
  loginsTooManyFailures = 0;
  loginsOther = 0;
  /** Connections that were ended because their credentials had expired. */
  loginsExpired = 0;

  /** Adds the other's numbers to these. */
  add(other: Counters): void {
    for (const name of Object.keys(other) as CounterName[]) this[name] += other[name];
  }
}

/** The names of the numbers. */
export type CounterName = Exclude<keyof Counters, "add">;
