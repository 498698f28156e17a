/**
 * Handlers of Lambda functions as SST's `realtime.authorizer` makes them, of each of the ways in which its versions have formed principalId.
 * Their shape is what is public about them: the password decoded, four statements, everything else fixed.
 */
export type PrincipalRule = "Date.now()" | "mqtt.username" | "username || Date.now()";

const PRINCIPALS: Readonly<Record<PrincipalRule, string>> = {
  // Up to 3.0.61.
  "Date.now()": "Date.now().toString()",
  // 3.0.62.
  "mqtt.username": "mqtt.username",
  // Since October 2024.
  "username || Date.now()": "mqtt.username || Date.now().toString()",
};

/** The text of a module whose handler takes the token `good` and throws for every other. */
export function sstHandler(rule: PrincipalRule, topics = "app/dev/*"): string {
  return `
export const handler = async (event, context) => {
  const { mqtt } = event.protocolData;
  const token = Buffer.from(mqtt.password ?? "", "base64").toString();
  if (token !== "good") throw new Error("no such token");
  const [, partition, , region, account] = context.invokedFunctionArn.split(":");
  const arn = (kind) => "arn:" + partition + ":iot:" + region + ":" + account + ":" + kind + "/${topics}";
  return {
    isAuthenticated: true,
    principalId: ${PRINCIPALS[rule]},
    disconnectAfterInSeconds: 86400,
    refreshAfterInSeconds: 300,
    policyDocuments: [{
      Version: "2012-10-17",
      Statement: [
        { Action: "iot:Connect", Effect: "Allow", Resource: "*" },
        { Action: "iot:Receive", Effect: "Allow", Resource: [arn("topic")] },
        { Action: "iot:Subscribe", Effect: "Allow", Resource: [arn("topicfilter")] },
        { Action: "iot:Publish", Effect: "Allow", Resource: [arn("topic")] },
      ],
    }],
  };
};`;
}
