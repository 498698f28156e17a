/**
 * The long form of the catalogue: causes, how to tell them apart, and what to do. No program imports it before it is asked to explain:
 * `bowline explain`, the doctor, the generated documentation, and a page that loads it as a chunk of its own.
 */

import { type ErrorCode, type ErrorInfo, errorInfo } from "./catalogue.ts";
import { aws } from "./explanations/aws.ts";
import type { Explanation, Explanations } from "./explanations/explanation.ts";
import { input } from "./explanations/input.ts";
import { mqtt } from "./explanations/mqtt.ts";
import { network } from "./explanations/network.ts";
import { operation } from "./explanations/operation.ts";
import { proxy } from "./explanations/proxy.ts";
import { session } from "./explanations/session.ts";
import { tls } from "./explanations/tls.ts";
import { websocket } from "./explanations/websocket.ts";
import { commonRows } from "./common-rows.ts";
import { diagnosedRows } from "./diagnosed-rows.ts";
import { hostRows } from "./host-rows.ts";
import { remedies } from "./remedies.ts";
import type { Row } from "./row.ts";

export type { Explanation } from "./explanations/explanation.ts";

const explanations: Explanations = {
  ...input,
  ...network,
  ...proxy,
  ...tls,
  ...websocket,
  ...mqtt,
  ...session,
  ...aws,
  ...operation,
};

/** The catalogue's row of a code together with its explanation; whole in a page too, which may load this file on demand. */
export function explain(code: ErrorCode): ErrorInfo & Explanation {
  return { causes: [], fixes: [], ...wholeRow(code), ...explanations[code] };
}

const notOfPages: Readonly<Partial<Record<ErrorCode, Row>>> = { ...commonRows, ...diagnosedRows, ...hostRows };

function wholeRow(code: ErrorCode): ErrorInfo {
  const info = errorInfo(code);
  const row = notOfPages[code];
  if (row === undefined) return { ...info, remedy: remedies[code] ?? info.remedy };
  const [stage, source, retry, title = "", remedy = remedies[code] ?? info.remedy] = row;
  return { code, stage, source, retry, title, remedy };
}
