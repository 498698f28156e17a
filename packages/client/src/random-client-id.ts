const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

/** `bowline` and 16 characters: what every server must accept, [MQTT-3.1.3-5]. */
export function randomClientId(random: () => number): string {
  return `bowline${Array.from({ length: 16 }, () => ALPHABET[Math.floor(random() * 36)]).join("")}`;
}
