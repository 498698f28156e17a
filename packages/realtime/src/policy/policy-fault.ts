import type { ErrorCode } from "@bowline/protocol";

/** One thing that is wrong with what an authorizer answered, so that whoever wrote it finds the place. */
export interface Fault {
  /** AWS_PRINCIPAL_ID, AWS_POLICY_DOC or AWS_AUTHORIZER_LAMBDA. */
  readonly code: ErrorCode;
  /** Where in the answer: `policyDocuments[0].Statement[1].Resource`. */
  readonly at: string;
  /** What is wrong, with the value where it is no secret. */
  readonly message: string;
}

/** `at: message`, for a log line or a Reason String. */
export function faultText({ at, message }: Fault): string {
  return `${at} ${message}`;
}
