/**
 * The lines of a stream as they come, those of a chunk together, each without its line break (LF or CR LF). Bytes are not looked at
 * otherwise. The last line counts whether its break is there or not.
 */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Uint8Array[]> {
  let begun: Uint8Array[] = [];
  for await (const chunk of stream) {
    const lines: Uint8Array[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
      const tail = chunk.subarray(from, end);
      lines.push(withoutReturn(begun.length === 0 ? tail : Buffer.concat([...begun, tail])));
      begun = [];
      from = end + 1;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
    if (lines.length > 0) yield lines;
  }
  if (begun.length > 0) yield [withoutReturn(Buffer.concat(begun))];
}

const LF = 0x0a;
const CR = 0x0d;

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === CR ? line.subarray(0, -1) : line;
}
