/*
 * The host's UTF-8 coders, made when they are first needed: Jest's page and older React Native have none, and there importing a
 * package must not be what fails.
 */
let encoder: TextEncoder | undefined;
let decoder: TextDecoder | undefined;

export function utf8Encoder(): TextEncoder {
  return (encoder ??= new TextEncoder());
}

/** Takes what is no UTF-8 for U+FFFD. */
export function utf8Decoder(): TextDecoder {
  return (decoder ??= new TextDecoder());
}
