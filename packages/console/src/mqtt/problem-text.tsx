import { MqttError } from "@bowline/client";
import type { JSX } from "preact";
import { visibleText } from "../text/visible-text.ts";

/** An error as a sentence, with its code before it and its remedy behind it. */
export function ProblemText({ error }: { error: unknown }): JSX.Element {
  if (!MqttError.is(error)) return <>{String(error)}</>;
  return (
    <>
      <code class="code">{error.code}</code> {sentence(error)} {error.remedy}
    </>
  );
}

/** The message without the code, which is shown beside it. Of codes that are no page's, a page knows no title but the code again. */
export function sentence({ code, message }: MqttError): string {
  const text = visibleText(
    message
      .split(": ")
      .filter((part, index) => index > 1 || part !== code)
      .join(": "),
  );
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
