/** What AWS IoT Core hands to a custom authorizer. Parts that do not apply to a connection are left out. */
export interface AuthorizerEvent {
  /** Value under the authorizer's `tokenKeyName`; only where tokens are signed. */
  token?: string;
  /** Whether the signature was checked and right; false where signing is off. */
  signatureVerified: boolean;
  /** Which parts `protocolData` has. */
  protocols: ("tls" | "http" | "mqtt")[];
  protocolData: {
    tls?: { serverName: string };
    /** The upgrade of a WebSocket; `queryString` begins with `?` where there is one. */
    http?: { headers: Record<string, string>; queryString: string };
    /** `username` is the whole User Name, with its query part; `password` is base64. */
    mqtt?: { username?: string; password?: string; clientId: string };
  };
  /** The same at each call for one connection. */
  connectionMetadata: { id: string };
}

/** One connection whose CONNECT has come. */
export interface ConnectRequest {
  /** A UUID of this connection. */
  readonly connectionId: string;
  /** Name asked for in TLS (SNI); undefined without TLS or without a name. */
  readonly serverName?: string | undefined;
  /** The upgrade of a WebSocket. */
  readonly http?: { readonly headers: Readonly<Record<string, string>>; readonly queryString: string } | undefined;
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly password?: Uint8Array | undefined;
}

/** @param token With its signature found right; undefined where signing is off. */
export function authorizerEvent(request: ConnectRequest, token?: string): AuthorizerEvent {
  const { serverName, http, clientId, username, password } = request;
  const protocolData: AuthorizerEvent["protocolData"] = {};
  if (serverName !== undefined) protocolData.tls = { serverName };
  if (http !== undefined) {
    const query = http.queryString.replace(/^\?/, "");
    protocolData.http = { headers: { ...http.headers }, queryString: query === "" ? "" : `?${query}` };
  }
  protocolData.mqtt = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: Buffer.from(password).toString("base64") }),
    clientId,
  };
  return {
    ...(token === undefined ? {} : { token }),
    signatureVerified: token !== undefined,
    protocols: Object.keys(protocolData) as AuthorizerEvent["protocols"],
    protocolData,
    connectionMetadata: { id: request.connectionId },
  };
}
