const OWN = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;

/** Whether it is a hash as we make them: of no other cost, since whoever imports one decides what each login costs. */
export function isOwnHash(hash: string): boolean {
  return OWN.test(hash);
}
