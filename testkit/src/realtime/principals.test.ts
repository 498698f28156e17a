import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect as connectMqttJs, type IClientOptions } from "mqtt";
import { connect } from "@bowline/client";
import { type AuthorizerServer, startAuthorizerServer } from "./authorizer-server.ts";
import { type PrincipalRule, sstHandler } from "./sst-handlers.ts";

/* The table of group E in the scenarios: what clients send, and what each way of forming principalId makes of it. */

const QUERY = "?x-amz-customauthorizer-name=chat";
const SDK = `${QUERY}&SDK=NodeJSv2&Version=1.21.8`;

interface Row {
  readonly what: string;
  readonly inUrl: boolean;
  readonly username: string | undefined;
}

const ROWS: readonly Row[] = [
  { what: "the SDK's User Name", inUrl: false, username: SDK },
  { what: "a name before the SDK's query", inUrl: false, username: `alice${SDK}` },
  { what: "the name in the URL, an empty User Name", inUrl: true, username: "" },
  { what: "the name in the URL, User Name alice", inUrl: true, username: "alice" },
  { what: "the name in the URL, an address as User Name", inUrl: true, username: "alice@x.org" },
  { what: "the name in the URL, no User Name", inUrl: true, username: undefined },
];

/** Whether each row gets in, by the way of forming principalId. */
const OUTCOMES: Readonly<Record<PrincipalRule, readonly boolean[]>> = {
  "Date.now()": [true, true, true, true, true, true],
  "mqtt.username": [false, false, false, true, false, false],
  "username || Date.now()": [false, false, true, true, false, true],
};

const cases = (Object.keys(OUTCOMES) as PrincipalRule[]).map((rule) => ({ rule, outcomes: OUTCOMES[rule] }));

describe.each(cases)("principalId is $rule", ({ rule, outcomes }) => {
  let server: AuthorizerServer;
  beforeAll(async () => {
    server = await startAuthorizerServer(sstHandler(rule), { name: "chat" });
  });
  afterAll(() => server.close());

  const rows = ROWS.map((row, i) => ({ ...row, isLetIn: outcomes[i] ?? false }));
  for (const protocolVersion of [5, 4] as const) {
    // Before 5.0 a password needs a User Name: such a client is refused by itself.
    const sent = rows.filter(({ username }) => username !== undefined);
    test.each(sent)(`[E3 broker] [E4 broker] MQTT.js, version ${protocolVersion}: $what`, async ({ inUrl, username, isLetIn }) => {
      const reason = await mqttJsOutcome(server, inUrl, { protocolVersion, username: username ?? "" });
      if (isLetIn) expect(reason).toBe("connected");
      else expect(reason).toBe(protocolVersion === 5 ? "135" : "5");
    });
  }

  test.each(rows)("[E1 broker] our client, version 5: $what", async ({ inUrl, username, isLetIn }) => {
    const client = connect(server.ws + (inUrl ? QUERY : ""), {
      reconnect: false,
      credentials: { ...(username === undefined ? {} : { username }), password: "good" },
    });
    const failed = new Promise<string>((resolve) => client.on("attemptFailed", (failure) => resolve(String(failure.reasonCode))));
    const outcome = await Promise.race([
      client.online().then(
        () => "connected",
        () => failed,
      ),
      failed,
    ]);
    expect(outcome).toBe(isLetIn ? "connected" : "135");
    void client.abort();
  });

  test("the refusal is in the log with what is wrong, and without the token", () => {
    const refusals = server.lines.filter((line) => line.includes("AWS_PRINCIPAL_ID"));
    expect(refusals.length > 0).toBe(outcomes.includes(false));
    for (const line of refusals) expect(line).toContain("principalId does not match");
    for (const line of server.lines) expect(line).not.toContain("good");
  });
});

/** `connected`, or the Reason Code of the refusal. */
function mqttJsOutcome(server: AuthorizerServer, inUrl: boolean, options: IClientOptions): Promise<string> {
  return new Promise((resolve) => {
    const client = connectMqttJs(server.ws + (inUrl ? QUERY : ""), { ...options, password: "good", reconnectPeriod: 0 });
    const end = (outcome: string): void => {
      client.end(true);
      resolve(outcome);
    };
    client.on("connect", () => end("connected"));
    client.on("error", (error) => end(String((error as { code?: number }).code)));
    client.on("close", () => end("closed"));
  });
}
