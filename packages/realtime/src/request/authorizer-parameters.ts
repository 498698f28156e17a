/** What a client says of authorizers and tokens, wherever it says it. */
export interface AuthorizerParameters {
  /** Name of the authorizer; undefined when none is named. */
  readonly name?: string | undefined;
  readonly signature?: string | undefined;
  /** Value under the authorizer's `tokenKeyName`. */
  readonly token?: string | undefined;
  /** What AWS might not take: names of query parameters in other letters. */
  readonly warnings: readonly string[];
}

/** The places a client can use. The first that has a parameter wins: URL, header, user name. */
export interface AuthorizerPlaces {
  /** Query of the WebSocket's URL, with or without `?`. */
  readonly queryString?: string | undefined;
  /** Headers of the upgrade, names in any letters. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** User Name of CONNECT, whole: `name?x-amz-customauthorizer-name=A&...`. */
  readonly username?: string | undefined;
}

const NAME = "x-amz-customauthorizer-name";
const SIGNATURE = "x-amz-customauthorizer-signature";

/** @param tokenKeyName Under which name the token comes, for authorizers that want signed ones. */
export function authorizerParameters(places: AuthorizerPlaces, tokenKeyName?: string): AuthorizerParameters {
  const warnings: string[] = [];
  const sources = [
    queryFields(places.queryString ?? ""),
    Object.entries(places.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const),
    queryFields(userNameQuery(places.username)),
  ];
  const find = (wanted: string | undefined): string | undefined => {
    if (wanted === undefined) return undefined;
    for (const fields of sources) {
      const exact = fields.find(([name]) => name === wanted)?.[1];
      if (exact !== undefined) return exact;
      const [name, value] = fields.find(([one]) => one.toLowerCase() === wanted.toLowerCase()) ?? [];
      if (name === undefined) continue;
      if (fields !== sources[1]) warnings.push(`the parameter ${name} is written ${wanted}; AWS may not find it`);
      return value;
    }
    return undefined;
  };
  return { name: find(NAME), signature: find(SIGNATURE), token: find(tokenKeyName), warnings };
}

/** The User Name without the query part that AWS's SDKs put behind it. */
export function plainUserName(username: string): string {
  const at = username.indexOf("?");
  return at < 0 ? username : username.slice(0, at);
}

function userNameQuery(username = ""): string {
  const at = username.indexOf("?");
  return at < 0 ? "" : username.slice(at + 1);
}

/** A `+` stays what it is: signatures are base64, and not everybody encodes them. */
function queryFields(query: string): [string, string][] {
  return query
    .replace(/^\?/, "")
    .split("&")
    .filter((field) => field !== "")
    .map((field) => {
      const at = field.indexOf("=");
      return at < 0 ? [decoded(field), ""] : [decoded(field.slice(0, at)), decoded(field.slice(at + 1))];
    });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
