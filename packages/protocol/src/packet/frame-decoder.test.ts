import { describe, expect, test } from "vitest";
import { FrameDecoder } from "./frame-decoder.ts";
import type { FrameHandler } from "./frame-walk.ts";

const LIMIT = 1_000_000;

/** Copies every packet, and does what `onFrame` says with it: true by default. */
class Recorder implements FrameHandler {
  readonly packets: string[] = [];
  readonly chunks: Uint8Array[] = [];
  readonly faults: number[] = [];
  onFrame: (chunk: Uint8Array, start: number, end: number) => boolean = () => true;

  frame(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    this.packets.push(`${hex(chunk.subarray(start, bodyStart))}|${hex(chunk.subarray(bodyStart, end))}`);
    this.chunks.push(chunk);
    return this.onFrame(chunk, start, end);
  }

  malformed(reasonCode: number): void {
    this.faults.push(reasonCode);
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function filled(size: number, value: number): Uint8Array {
  return new Uint8Array(size).fill(value);
}

/** PINGREQ, a PUBLISH, PINGRESP and a PUBLISH of 130 bytes, whose Remaining Length takes two. */
const stream = bytesOf(`c000 30050001616263 d000 308001 0001 62 ${"7a".repeat(125)}`);
const streamPackets = ["c000|", "3005|0001616263", "d000|", `308001|000162${"7a".repeat(125)}`];

describe("a byte stream", () => {
  test("in one chunk is handed over packet by packet, in place", () => {
    const handler = new Recorder();
    new FrameDecoder(handler, LIMIT).push(stream);
    expect(handler.packets).toEqual(streamPackets);
    expect(handler.chunks.every((chunk) => chunk === stream)).toBe(true);
  });

  test("cut in two at any place gives the same packets", () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const handler = new Recorder();
      const decoder = new FrameDecoder(handler, LIMIT);
      decoder.push(stream.slice(0, cut));
      decoder.push(stream.slice(cut));
      expect(handler.packets).toEqual(streamPackets);
      expect(decoder.bufferedBytes).toBe(0);
    }
  });

  test("one byte at a time gives the same packets, in arrays of exactly their size", () => {
    const handler = new Recorder();
    const decoder = new FrameDecoder(handler, LIMIT);
    for (const byte of stream) decoder.push(Uint8Array.of(byte));
    expect(handler.packets).toEqual(streamPackets);
    expect(handler.chunks.map((chunk) => chunk.length)).toEqual([2, 7, 2, 131]);
  });

  test("whose chunk is overwritten after the call is not disturbed", () => {
    const handler = new Recorder();
    const decoder = new FrameDecoder(handler, LIMIT);
    const reused = new Uint8Array(3);
    for (let at = 0; at < stream.length; at += 3) {
      const part = stream.subarray(at, at + 3);
      reused.set(part);
      decoder.push(reused.subarray(0, part.length));
      reused.fill(0xff);
    }
    expect(handler.packets).toEqual(streamPackets);
  });

  test("may hold empty chunks", () => {
    const handler = new Recorder();
    const decoder = new FrameDecoder(handler, LIMIT);
    for (const byte of stream) {
      decoder.push(new Uint8Array(0));
      decoder.push(Uint8Array.of(byte));
    }
    expect(handler.packets).toEqual(streamPackets);
  });

  test("may hold a Remaining Length of four bytes", () => {
    const handler = new Recorder();
    const decoder = new FrameDecoder(handler, 0x0fff_ffff);
    const packet = filled(0x20_0000 + 5, 0x61);
    packet.set(bytesOf("30808080 01"));
    decoder.push(packet.subarray(0, 3));
    decoder.push(packet.subarray(3, 100_000));
    decoder.push(packet.subarray(100_000));
    expect(handler.chunks.map((chunk) => chunk.length)).toEqual([packet.length]);
    expect(handler.chunks[0]).toEqual(packet);
  });
});

describe("a stop", () => {
  test("keeps what is unread until resume, also what comes meanwhile", () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const handler = new Recorder();
      handler.onFrame = () => false;
      const decoder = new FrameDecoder(handler, LIMIT);
      decoder.push(stream.slice(0, cut));
      decoder.push(stream.slice(cut));
      for (let turn = 0; turn < 4; turn++) {
        expect(handler.packets).toEqual(streamPackets.slice(0, turn + 1));
        expect(decoder.isStopped).toBe(true);
        decoder.resume();
      }
      expect(decoder.isStopped).toBe(false);
      expect(handler.packets).toEqual(streamPackets);
    }
  });

  test("at the packet's start hands the same packet over again", () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const handler = new Recorder();
      const decoder = new FrameDecoder(handler, LIMIT);
      let again = true;
      handler.onFrame = (_chunk, start) => {
        again = !again;
        if (!again) decoder.continueAt = start;
        return again;
      };
      decoder.push(stream.slice(0, cut));
      decoder.push(stream.slice(cut));
      while (decoder.isStopped) decoder.resume();
      expect(handler.packets).toEqual(streamPackets.flatMap((packet) => [packet, packet]));
    }
  });

  test("does not need a resume to be repeated, and resume without a stop does nothing", () => {
    const handler = new Recorder();
    const decoder = new FrameDecoder(handler, LIMIT);
    decoder.resume();
    decoder.push(stream);
    decoder.resume();
    expect(handler.packets).toEqual(streamPackets);
  });

  test("ends when the decoder is closed", () => {
    const handler = new Recorder();
    handler.onFrame = () => false;
    const decoder = new FrameDecoder(handler, LIMIT);
    decoder.push(stream);
    decoder.close();
    decoder.resume();
    decoder.push(stream);
    expect(handler.packets).toEqual(streamPackets.slice(0, 1));
    expect(decoder.bufferedBytes).toBe(0);
  });
});

describe("a handler", () => {
  test("may take a run of packets at once", () => {
    const handler = new Recorder();
    const decoder = new FrameDecoder(handler, LIMIT);
    handler.onFrame = (_chunk, start, end) => {
      if (start === 0) decoder.continueAt = end + 4;
      return true;
    };
    decoder.push(bytesOf("c000 c000 c000 d000"));
    expect(handler.packets).toEqual(["c000|", "d000|"]);
  });

  test("that closes the decoder is not called again, nor told of what follows", () => {
    for (const answer of [true, false]) {
      const handler = new Recorder();
      const decoder = new FrameDecoder(handler, LIMIT);
      handler.onFrame = () => {
        decoder.close();
        return answer;
      };
      decoder.push(bytesOf("c000 c000 0000"));
      decoder.push(bytesOf("c000"));
      decoder.resume();
      expect(handler).toMatchObject({ packets: ["c000|"], faults: [] });
    }
  });

  test("may change the limit for the packets that follow in the same chunk", () => {
    const handler = new Recorder();
    const decoder = new FrameDecoder(handler, 7);
    handler.onFrame = () => {
      decoder.maximumPacketSize = LIMIT;
      return true;
    };
    decoder.push(stream);
    expect(handler.packets).toEqual(streamPackets);
  });
});

describe("is refused before anything is kept of it:", () => {
  const cases: readonly [name: string, bytes: string, reasonCode: number][] = [
    ["Control Packet type 0", "00", 0x81],
    ["a Remaining Length of five bytes", "30 ff ff ff ff", 0x81],
    ["[MQTT-3.1.2-24] a packet above the limit", "30 80 08", 0x95],
    ["the largest packet there can be", "30 ff ff ff 7f", 0x95],
  ];
  test.each(cases)("%s", (_name, text, reasonCode) => {
    const whole = bytesOf(text);
    for (let cut = 0; cut < whole.length; cut++) {
      const handler = new Recorder();
      const decoder = new FrameDecoder(handler, 1024);
      decoder.push(whole.slice(0, cut));
      expect(handler.faults).toEqual([]);
      decoder.push(whole.slice(cut));
      expect(handler).toMatchObject({ faults: [reasonCode], packets: [] });
      expect(decoder.bufferedBytes).toBe(0);
      decoder.push(stream);
      expect(handler).toMatchObject({ faults: [reasonCode], packets: [] });
    }
  });

  test("a packet one byte above the limit, and not one of the limit", () => {
    for (const [limit, faults] of [
      [131, []],
      [130, [0x95]],
    ] as const) {
      const handler = new Recorder();
      new FrameDecoder(handler, limit).push(stream);
      expect(handler.faults).toEqual(faults);
    }
  });

  test("a packet type that is not accepted, by its first byte", () => {
    const handler = new Recorder();
    const decoder = new FrameDecoder(handler, LIMIT);
    decoder.acceptedTypes = 1 << 1;
    decoder.push(bytesOf("30"));
    expect(handler.faults).toEqual([0x82]);
  });

  test("what follows a good packet, which is handed over first", () => {
    const handler = new Recorder();
    new FrameDecoder(handler, LIMIT).push(bytesOf("c000 00"));
    expect(handler).toMatchObject({ packets: ["c000|"], faults: [0x81] });
  });
});
