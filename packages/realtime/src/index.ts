export {
  type AnswerRules,
  type AuthorizerAnswer,
  awsAnswerRules,
  type Checked,
  type CheckedAnswer,
  checkAnswer,
} from "./answer/check-answer.ts";
export { type AuthorizerFunction, CALL_MS_MAX } from "./handler/authorizer-function.ts";
export { type HandlerOptions, HandlerPool } from "./handler/handler-pool.ts";
export { HttpsFunction } from "./handler/https-function.ts";
export { arnPrefix, functionArn, LOCAL_PLACE, type Place } from "./policy/arn.ts";
export type { PolicyContext } from "./policy/condition.ts";
export { type AuthDecision, type BoundPolicy, Policy, type PolicyVerdict } from "./policy/policy.ts";
export { type Fault, faultText } from "./policy/policy-fault.ts";
export type { PolicyAction } from "./policy/statement.ts";
export { type AuthorizerEvent, authorizerEvent, type ConnectRequest } from "./request/authorizer-event.ts";
export {
  type AuthorizerParameters,
  type AuthorizerPlaces,
  authorizerParameters,
  plainUserName,
} from "./request/authorizer-parameters.ts";
export { TokenSignature } from "./request/token-signature.ts";
export { authorizer, type AuthorizerContext, type AuthResult, principalOf } from "./sst/authorizer.ts";
