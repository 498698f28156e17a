/** What one connection may cost before and after it is accepted. */
export interface ServerConnectionLimits {
  /** Largest packet taken from the client, bytes; told to it as Maximum Packet Size. */
  maximumPacketSize: number;
  /** Largest CONNECT, bytes: all that is ever buffered for a stranger. */
  maximumConnectSize: number;
  /**
   * Ms from the connection's beginning to a whole CONNECT, and to the last AUTH of the client before the CONNACK; and from the
   * client's AUTH 0x19 to its last one.
   */
  connectTimeoutMs: number;
}
