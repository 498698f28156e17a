import type { Explanations } from "./explanation.ts";

const log = "CloudWatch has the reason: `AWSIotLogsV2`, or the topic `$aws/events/presence/disconnected/<clientId>`.";

export const aws: Explanations = {
  AWS_ENDPOINT: {
    causes: ["The endpoint without `-ats` is signed by an old root, or belongs to another account or region."],
    fixes: ["`aws iot describe-endpoint --endpoint-type iot:Data-ATS`"],
  },
  AWS_SNI: {
    causes: ["The account is chosen by the server name, and none was sent."],
    fixes: ["Connect by name; with a raw socket set `servername`."],
  },
  AWS_ALPN: {
    causes: ["Port 443 serves several protocols and chooses by ALPN."],
    fixes: ["`ALPNProtocols: ['x-amzn-mqtt-ca']` with a client certificate, `['mqtt']` with a custom authorizer."],
  },
  AWS_CERT_INACTIVE: {
    causes: ["The certificate is not registered, not active, or has no policy."],
    fixes: ["Activate it and attach a policy.", log],
  },
  AWS_NO_CONNECT: {
    causes: [
      "The policy allows iot:Connect for another client identifier.",
      "A policy variable of the thing is used, and the thing is not attached to the certificate.",
    ],
    tell: "AWS closes after CONNECT and sends no CONNACK.",
    fixes: ["Allow `iot:Connect` on `arn:aws:iot:REGION:ACCOUNT:client/<the identifier>`.", log],
    seenAs: ["AWS_ERROR_MQTT_UNEXPECTED_HANGUP"],
  },
  AWS_NO_SUB: {
    causes: ["The policy lacks iot:Subscribe, or gives it for `topic/` instead of `topicfilter/`."],
    tell: "The connection ends within a second of SUBSCRIBE.",
    fixes: ["Allow `iot:Subscribe` on `topicfilter/<filter>` and `iot:Receive` on `topic/<topic>`.", log],
  },
  AWS_NO_PUB: {
    causes: ["The policy lacks iot:Publish for the topic."],
    tell: "The connection ends within a second of PUBLISH.",
    fixes: ["Allow `iot:Publish` on `topic/<topic>`.", log],
  },
  AWS_RETAIN: {
    causes: ["Retained messages need a right of their own."],
    fixes: ["Allow `iot:RetainPublish` on `topic/<topic>`."],
  },
  AWS_WILL: {
    causes: ["The will's topic needs iot:Publish, and iot:RetainPublish if it is retained."],
    fixes: ["Allow both on the will's topic."],
  },
  AWS_DUP: {
    causes: ["A second client with the same identifier."],
    fixes: ["Make identifiers unique.", log],
    seenAs: ["DUPLICATE_CLIENTID", "0x8E"],
  },
  AWS_SIGV4: {
    causes: [
      "The clock is off by minutes.",
      "The session token was signed with the rest instead of appended.",
      "The service name is not `iotdevicegateway`.",
    ],
    fixes: ["Compare with the header x-amzn-ErrorType of the answer."],
  },
  AWS_TTL: {
    causes: ["A signed URL and the credentials behind it expire; a connection lasts at most 24 hours."],
    fixes: ["Sign anew for each attempt, in the `credentials` function."],
    seenAs: ["WEBSOCKET_TTL_EXPIRATION"],
  },
  AWS_AUTHORIZER_NAME: {
    causes: ["Neither URL, header nor user name names the authorizer, and the account has no default one."],
    fixes: ["`wss://ENDPOINT/mqtt?x-amz-customauthorizer-name=NAME`"],
  },
  AWS_AUTHORIZER_SIG: {
    causes: ["The authorizer wants a signed token, and signature or token key is missing or not URL-encoded."],
    fixes: ["Sign the token, or turn signing off for this authorizer."],
  },
  AWS_AUTHORIZER_LAMBDA: {
    causes: ["The function throws, takes longer than 5 s, may not be invoked by AWS IoT, or the authorizer is inactive."],
    fixes: [
      "`aws iot test-invoke-authorizer --authorizer-name NAME`",
      "Run the same handler here: `bowline up --authorizer FILE`.",
    ],
  },
  AWS_PRINCIPAL_ID: {
    causes: [
      "AWS takes a principalId of 1 to 128 letters and digits; a user name with `@`, `-`, `_`, `.` or a query string as principalId is refused without a reason.",
    ],
    fixes: ["Leave the user name empty, or return a principalId of letters and digits."],
  },
  AWS_POLICY_DOC: {
    causes: ["More than 10 documents, one that is too long, or a resource name of another region, account or stage."],
    tell: "CONNECT succeeds, the first SUBSCRIBE ends the connection.",
    fixes: ["Compare the resource names with the topic's prefix, letter by letter."],
  },
  AWS_REFRESH: {
    causes: ["The authorizer's disconnectAfterInSeconds has passed."],
    fixes: ["Give `credentials` as a function; the client dials again with a fresh token."],
    seenAs: ["CUSTOMAUTH_TTL_EXPIRATION"],
  },
  AWS_LIMITS: {
    causes: [
      "Over 128 KiB, over 7 slashes in a topic, over 8 filters in one SUBSCRIBE, over 50 subscriptions, over 100 messages a second, QoS 2, or a keep alive outside 30 to 1200 s.",
    ],
    fixes: ["Stay within; most can be seen before sending."],
  },
};
