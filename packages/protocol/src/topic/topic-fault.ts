/** Why a Topic Name or Topic Filter is refused: a result and not an error, since peers send bad ones every day. */
export interface TopicFault {
  /** What goes on the wire in MQTT 5.0: 0x90 Topic Name invalid, 0x8F Topic Filter invalid. */
  readonly reasonCode: 0x8f | 0x90;
  /** The broken clause of MQTT 5.0; undefined where a limit of ours and no rule of the specification was reached. */
  readonly clause: string | undefined;
  /** One sentence for people. It does not repeat the text, which may be long or secret. */
  readonly message: string;
}

/** The faults that names and filters share, made once so that refusing costs nothing. */
interface TextFaults {
  readonly empty: TopicFault;
  readonly nullCharacter: TopicFault;
  readonly loneSurrogate: TopicFault;
  readonly tooLong: TopicFault;
  readonly tooManyLevels: TopicFault;
}

const longestTopicBytes = 65_535;
const slash = 0x2f;

export const nameFaults: TextFaults = textFaults(0x90, "Topic Name");
export const filterFaults: TextFaults = textFaults(0x8f, "Topic Filter");

function textFaults(reasonCode: 0x8f | 0x90, noun: string): TextFaults {
  const fault = (clause: string | undefined, rule: string): TopicFault => ({ reasonCode, clause, message: `A ${noun} ${rule}.` });
  return {
    empty: fault("MQTT-4.7.3-1", "must be at least one character long"),
    nullCharacter: fault("MQTT-4.7.3-2", "must not contain the character U+0000"),
    loneSurrogate: fault("MQTT-1.5.4-1", "must be well-formed Unicode, without half a surrogate pair"),
    tooLong: fault("MQTT-4.7.3-3", "must not be longer than 65,535 bytes of UTF-8"),
    tooManyLevels: fault(undefined, "must not have more levels than the receiver allows"),
  };
}

/** Checks what names and filters have in common, in one walk over the text. Wildcards and `$share` are the caller's matter. */
export function checkTopicText(text: string, maximumTopicLevels: number, faults: TextFaults): TopicFault | undefined {
  if (text.length === 0) return faults.empty;
  if (text.length > longestTopicBytes) return faults.tooLong;
  let size = text.length;
  let levels = 1;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      if (unit === slash) levels++;
      else if (unit === 0) return faults.nullCharacter;
    } else if (unit < 0x800) size += 1;
    else if ((unit & 0xf800) !== 0xd800) size += 2;
    else {
      // A pair is two code units and four bytes; charCodeAt past the end is NaN, which no comparison lets through.
      if (unit > 0xdbff || (text.charCodeAt(i + 1) & 0xfc00) !== 0xdc00) return faults.loneSurrogate;
      size += 2;
      i++;
    }
  }
  if (size > longestTopicBytes) return faults.tooLong;
  if (levels > maximumTopicLevels) return faults.tooManyLevels;
  return undefined;
}
