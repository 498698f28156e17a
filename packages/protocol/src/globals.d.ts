// What every runtime of MQTT for JavaScript has, and the ES2022 library does not declare. Nothing else global is used here.
declare global {
  class TextEncoder {
    encode(text?: string): Uint8Array;
    encodeInto(text: string, target: Uint8Array): { read: number; written: number };
  }
  class TextDecoder {
    constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
    decode(bytes?: Uint8Array): string;
  }
  function atob(text: string): string;
}
export {};
