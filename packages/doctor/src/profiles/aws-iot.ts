import { type Given, type Oddity, type Profile, those } from "./profile.ts";

const idBytesMax = 128;

/** AWS IoT Core, and SST's Realtime, which is an authorizer there. */
export const awsIot: Profile = {
  name: "AWS IoT Core",
  hosts: /\.iot\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/i,
  ways: ["mqtts:8883", "mqtts:443", "wss:443"],
  path: "/mqtt",
  advice: "AWS IoT Core takes mqtts on 8883, mqtts with ALPN on 443, and wss on 443 with the path /mqtt.",
  check: (given) => [...oddPlace(given), ...oddAuthorizer(given)],
};

function oddPlace({ target: { scheme, host = "", port }, client: { alpnProtocols, clientId = "" } }: Given): readonly Oddity[] {
  const isTooLong = new TextEncoder().encode(clientId).length > idBytesMax;
  return those(
    [!/-ats\.iot\./i.test(host), "AWS_ENDPOINT", "the endpoint has no -ats in its name"],
    [scheme === "mqtts" && port === 443 && !alpnProtocols?.length, "AWS_ALPN", "port 443 without ALPN"],
    [clientId.startsWith("$"), "CLIENT_ID", "client identifiers that begin with $ are AWS's own"],
    [isTooLong, "CLIENT_ID", `the client identifier is over ${idBytesMax} bytes`],
  );
}

/** Where the name of a custom authorizer may stand: in the URL, or after a question mark in the user name. */
function oddAuthorizer({ target: { scheme, path = "" }, client }: Given): readonly Oddity[] {
  const { username = "", password, cert } = client;
  const names = [path, username].flatMap((text) => [...new URLSearchParams(/\?(.*)/s.exec(text)?.[1] ?? "").keys()]);
  const isNamed = names.some((name) => /^x-amz-customauthorizer-name$/i.test(name));
  const misspelt = isNamed ? undefined : names.find((name) => /amz.*auth/i.test(name) && !/^x-amz-customauthorizer-/i.test(name));
  const isSigned = names.some((name) => /^x-amz-(algorithm|signature)$/i.test(name));
  const isNobody = scheme === "wss" && !isNamed && !isSigned && cert === undefined && misspelt === undefined;
  const isUnset = isNamed && client.username === undefined && password !== undefined;
  const isPrincipal = isNamed && username !== "" && !/^[a-zA-Z0-9]{1,128}$/.test(username);
  return those(
    [misspelt !== undefined, "AWS_AUTHORIZER_NAME", `the parameter is x-amz-customauthorizer-name, not ${misspelt}`],
    [
      isNobody,
      "AWS_AUTHORIZER_NAME",
      "the URL names no authorizer and is not signed, so that the account's default authorizer is asked",
    ],
    [isUnset, "AWS_PRINCIPAL_ID", "a password without a user name, with which MQTT.js sends no CONNECT at all; SST wants it empty"],
    // SST's own makes the user name the principalId, as many others do.
    [
      isPrincipal,
      "AWS_PRINCIPAL_ID",
      "the user name has more than letters and digits, which AWS takes in no principalId; SST wants it empty",
    ],
  );
}
