import { expect, test } from "vitest";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { StoreImage } from "../storage/store-image.ts";
import { generatePassword } from "./generate-password.ts";
import { PasswordHasher } from "./password-hasher.ts";
import { UserDirectory, type UserChange } from "./user-directory.ts";

function setUp(image = new StoreImage()) {
  const storage = new MemoryStorage({ image });
  const directory = new UserDirectory(storage, new PasswordHasher(), () => 1_000);
  const changes: UserChange["kind"][] = [];
  directory.onChange((change) => changes.push(change.kind));
  return { image, storage, directory, changes };
}

test("users are kept by the storage, listed by name without their hash, and removed", async () => {
  const { image, directory, changes } = setUp();
  await directory.add("default", "bob", "pw-bob");
  await directory.add("default", "alice", "pw-alice");
  await directory.add("other", "alice", "pw-other");
  expect(directory.list("default")).toEqual([
    { tenant: "default", username: "alice", createdAt: 1_000, disabled: false },
    { tenant: "default", username: "bob", createdAt: 1_000, disabled: false },
  ]);
  await directory.remove("default", "bob");
  expect(changes).toEqual(["added", "added", "added", "removed"]);

  const again = setUp(image);
  await again.storage.load({
    user: (user) => again.directory.loaded(user),
    message() {},
    session() {},
    retained() {},
    rule() {},
  });
  expect(again.directory.list("default").map((user) => user.username)).toEqual(["alice"]);
  expect(again.directory.list("other")).toHaveLength(1);
  expect(again.directory.find("default", "alice")?.passwordHash).toContain("$argon2id$");
});

test("two at once with one name make one user", async () => {
  const { directory } = setUp();
  const results = await Promise.allSettled([directory.add("default", "a", "x"), directory.add("default", "a", "y")]);
  expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
  expect(directory.size).toBe(1);
});

test("several are added in one turn, or none", async () => {
  const { directory, storage } = setUp();
  await directory.add("default", "b", "x");
  const both = (second: string) => ["a", second].map((username) => ({ username, password: "x" }));
  await expect(directory.addAll("default", both("b"))).rejects.toMatchObject({ code: "USER_EXISTS" });
  await expect(directory.addAll("default", both("c/d"))).rejects.toMatchObject({ code: "OPTION_INVALID" });
  expect(directory.size).toBe(1);
  const turns: string[] = [];
  const put = storage.putUser.bind(storage);
  storage.putUser = (user) => {
    turns.push(user.username);
    queueMicrotask(() => turns.push("next turn"));
    return put(user);
  };
  await directory.addAll("default", both("c"));
  expect(turns.slice(0, 2)).toEqual(["a", "c"]);
  expect(directory.size).toBe(3);
});

test("what is wrong is named", async () => {
  const { directory } = setUp();
  await directory.add("default", "a", "x");
  await expect(directory.add("default", "a", "x")).rejects.toMatchObject({ code: "USER_EXISTS" });
  await expect(directory.remove("default", "b")).rejects.toMatchObject({ code: "USER_UNKNOWN" });
  await expect(directory.setPassword("default", "b", "x")).rejects.toMatchObject({ code: "USER_UNKNOWN" });
  await expect(directory.setPassword("default", "a", "")).rejects.toMatchObject({ code: "OPTION_INVALID" });
  for (const username of ["", "a/b", "a+", "#", "$console", "a\0b", "a\nb", "\ud800", "ä".repeat(129)]) {
    await expect(directory.add("default", username, "x")).rejects.toMatchObject({ code: "OPTION_INVALID" });
  }
  await expect(directory.add("default", "b", "x".repeat(1025))).rejects.toMatchObject({ code: "OPTION_INVALID" });
});

test("generated passwords need no quoting and do not repeat", () => {
  const passwords = Array.from({ length: 100 }, generatePassword);
  expect(new Set(passwords).size).toBe(100);
  for (const password of passwords) expect(password).toMatch(/^[2-9a-zA-Z]{24}$/);
});
