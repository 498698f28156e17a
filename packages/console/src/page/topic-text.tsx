import type { JSX } from "preact";
import { visibleLine } from "../text/visible-text.ts";

/** A Topic Name or a Topic Filter, which breaks between its levels where it does not fit. */
export function TopicText({ topic }: { topic: string }): JSX.Element {
  const levels = visibleLine(topic).split("/");
  return (
    <bdi>
      {levels.map((level, index) => (
        // Levels have no name but their place.
        <>
          {level}
          {index < levels.length - 1 && "/"}
          {index < levels.length - 1 && <wbr />}
        </>
      ))}
    </bdi>
  );
}
