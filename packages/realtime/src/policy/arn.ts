/** Where an AWS IoT endpoint is: what stands before the resource in every ARN of it, and what a Lambda's own ARN has in common with them. */
export interface Place {
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  /** Such as `us-east-1`. */
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
}

/** A place that no account of AWS has, for development. */
export const LOCAL_PLACE: Place = { partition: "aws", region: "us-east-1", account: "000000000000" };

/** What stands before `client/`, `topic/` or `topicfilter/` in the ARNs of a place. */
export function arnPrefix({ partition, region, account }: Place): string {
  return `arn:${partition}:iot:${region}:${account}:`;
}

/** The ARN of a function there: authorizers such as SST's take partition, region and account from it. */
export function functionArn({ partition, region, account }: Place, functionName: string): string {
  return `arn:${partition}:lambda:${region}:${account}:function:${functionName}`;
}
