import type { JSX } from "preact";

/** A field named `qos`. */
export function QosSelect(): JSX.Element {
  return (
    <label>
      <span>QoS</span>
      <select name="qos">
        <option value="0">0</option>
        <option value="1">1</option>
        <option value="2">2</option>
      </select>
    </label>
  );
}
