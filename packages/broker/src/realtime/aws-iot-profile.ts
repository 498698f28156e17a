/** Where the broker does not do as MQTT says, or as we think right. */
export interface Deviations {
  /** Whether a PUBLISH that a client of 3.1.1 has no right to is acknowledged and dropped; else its connection is closed. */
  readonly acknowledgesDenied: boolean;
  /** Whether `a/#` matches `a` too (section 4.7.1.2). */
  readonly hashMatchesParent: boolean;
  /** Whether the close frame of a WebSocket ends a connection as DISCONNECT does: without the Will. */
  readonly closeFrameDiscardsWill: boolean;
  /** Topic Filters in one SUBSCRIBE; those behind them are refused with 0x97. */
  readonly maximumTopicFilters: number;
}

/** MQTT as it is specified. */
export const STANDARD: Deviations = {
  acknowledgesDenied: false,
  hashMatchesParent: true,
  closeFrameDiscardsWill: false,
  maximumTopicFilters: Infinity,
};

/** AWS IoT Core's, for those who want to find out here what would fail there. */
export const AWS_IOT: Deviations = {
  acknowledgesDenied: false,
  hashMatchesParent: false,
  closeFrameDiscardsWill: true,
  maximumTopicFilters: 8,
};

/** AWS IoT Core's limits of one connection, by their names in the configuration. */
export interface AwsIotLimits {
  readonly maximumQoS: 1;
  readonly maximumPacketSize: number;
  readonly maximumTopicLevels: number;
  readonly maximumTopicBytes: number;
  readonly maximumSubscriptions: number;
  readonly publishesPerSecond: number;
  readonly receiveMaximum: number;
  readonly maximumInFlight: number;
  readonly topicAliasMaximum: number;
  readonly outboundTopicAliasMaximum: number;
  readonly maximumSessionExpiryInterval: number;
  readonly maximumKeepAlive: number;
  readonly subscriptionIdentifierAvailable: boolean;
}

/** As its quotas say. */
export const AWS_IOT_LIMITS: AwsIotLimits = {
  maximumQoS: 1,
  maximumPacketSize: 131_072,
  // Seven slashes.
  maximumTopicLevels: 8,
  maximumTopicBytes: 256,
  maximumSubscriptions: 50,
  publishesPerSecond: 100,
  receiveMaximum: 100,
  maximumInFlight: 100,
  topicAliasMaximum: 8,
  outboundTopicAliasMaximum: 8,
  maximumSessionExpiryInterval: 3_600,
  maximumKeepAlive: 1_200,
  subscriptionIdentifierAvailable: false,
};
