export { checkAuthorizer, type CheckOptions } from "./sst/check-authorizer.ts";
export { type Finding, lintAnswer, type LintRule } from "./sst/lint-answer.ts";
export { timeLimit } from "./handler/time-limit.ts";
