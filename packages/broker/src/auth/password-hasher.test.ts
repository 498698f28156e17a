import { expect, test } from "vitest";
import { hashConcurrency, PasswordHasher } from "./password-hasher.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("hashes are PHC strings of Argon2id with 19 MiB, two passes and one lane, each with its own salt", async () => {
  const hasher = new PasswordHasher();
  const first = await hasher.hash("correct horse");
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await hasher.hash("correct horse")).not.toBe(first);
  expect(await hasher.verify(first, bytes("correct horse"))).toBe("match");
  expect(await hasher.verify(first, bytes("wrong"))).toBe("mismatch");
});

test("never takes the last processor, nor more than half of libuv's pool, and always at least one thread", () => {
  expect(hashConcurrency(4, undefined)).toBe(2);
  expect(hashConcurrency(2, undefined)).toBe(1);
  expect(hashConcurrency(1, undefined)).toBe(1);
  expect(hashConcurrency(16, "16")).toBe(8);
  expect(hashConcurrency(4, "16")).toBe(3);
  expect(hashConcurrency(8, "1")).toBe(1);
  expect(hashConcurrency(8, "nonsense")).toBe(2);
});

test("a full queue answers busy at once, and what waits is still answered", async () => {
  const hasher = new PasswordHasher({ concurrency: 1, maximumQueued: 2 });
  const hash = await hasher.hash("x");
  const answers = [1, 2, 3, 4].map(() => hasher.verify(hash, bytes("x")));
  expect(await answers[3]).toBe("busy");
  expect(await Promise.all(answers.slice(0, 3))).toEqual(["match", "match", "match"]);
});

test("who leaves the queue frees its place and is not hashed", async () => {
  const hasher = new PasswordHasher({ concurrency: 1, maximumQueued: 1 });
  const hash = await hasher.hash("x");
  const gone = new AbortController();
  const running = hasher.verify(hash, bytes("x"));
  const waiting = hasher.verify(hash, bytes("x"), gone.signal);
  gone.abort();
  expect(await waiting).toBe("aborted");
  const next = hasher.verify(hash, bytes("x"));
  expect(await Promise.all([running, next])).toEqual(["match", "match"]);
});

test("a hash that cannot be parsed rejects and does not block the queue", async () => {
  const hasher = new PasswordHasher({ concurrency: 1 });
  await expect(hasher.verify("garbage", bytes("x"))).rejects.toThrow("Decoding failed");
  expect(await hasher.verify(await hasher.hash("x"), bytes("x"))).toBe("match");
});

test("what became known while it waited is not hashed", async () => {
  const hasher = new PasswordHasher({ concurrency: 1 });
  const hash = await hasher.hash("x");
  let isKnown = false;
  const first = hasher.verify(hash, bytes("x"));
  const second = hasher.verify(hash, bytes("x")).finally(() => {
    isKnown = true;
  });
  const third = hasher.verify(hash, bytes("x"));
  // A wrong password that is called right shows that nothing was hashed.
  const fourth = hasher.verify(hash, bytes("not hashed"), undefined, () => isKnown);
  expect(await Promise.all([first, second, third, fourth])).toEqual(["match", "match", "match", "match"]);
});
