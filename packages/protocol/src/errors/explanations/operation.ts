import type { Explanations } from "./explanation.ts";

export const operation: Explanations = {
  PORT_IN_USE: {
    causes: [
      "Another broker, or an earlier one that still runs, listens on the port.",
      "Two listeners of the same configuration have it; the message names both.",
    ],
    fixes: ["`ss -ltnp` names the process.", "`bowline up --listen mqtts://localhost:0` takes any free port."],
    seenAs: ["EADDRINUSE"],
  },
  PORT_FORBIDDEN: {
    causes: ["Ports below 1024 need a right."],
    fixes: ["`setcap cap_net_bind_service=+ep $(command -v node)`, or let a proxy listen there."],
    seenAs: ["EACCES"],
  },
  LISTEN_FAILED: {
    causes: [
      "The address is not one of this machine's, or IPv6 is off.",
      "The folder of a unix socket is not there or another user's, or a file of that name, which is no socket, is in the way.",
    ],
    fixes: ["`ip address` lists them; `0.0.0.0` and `[::]` mean all."],
    seenAs: ["EADDRNOTAVAIL"],
  },
  LISTEN_URL_INVALID: {
    causes: ["A listen URL has a scheme, port or path that no listener has."],
    fixes: ["`mqtts://localhost:8883`, `wss://localhost:8084/mqtt`, `unix:/run/bowline.sock`"],
  },
  PLAINTEXT_OFF_LOOPBACK: {
    causes: ["`mqtt://` or `ws://` on an address others reach would send passwords in the clear."],
    fixes: ["Use `mqtts://` or `wss://`, or add `--allow-plaintext` where the way is safe, such as behind a proxy."],
  },
  CONFIG_INVALID: {
    causes: ["A key is misspelt, or its value has another type or range."],
    fixes: ["The message names the key; the reference lists all."],
  },
  CONFIG_FIXED: {
    causes: ["The new configuration changes a key that is read at the start alone; the message names it."],
    fixes: ["Restart the broker, or put the old value back and reload."],
  },
  CONFIG_UNREADABLE: {
    causes: ["The file is not there, not readable, or not valid JSON."],
    fixes: ["Check the path from where the command runs."],
    seenAs: ["ENOENT", "EACCES"],
  },
  CERTIFICATE_UNREADABLE: {
    causes: ["The file is not there, not PEM, or belongs to another user."],
    fixes: ["`openssl x509 -noout -subject -in FILE`"],
    seenAs: ["ENOENT", "EACCES", "ERR_OSSL_PEM_NO_START_LINE"],
  },
  KEY_MISMATCH: {
    causes: ["Certificate and key were renewed apart."],
    fixes: ["Both must print the same: `openssl x509 -noout -pubkey -in cert.pem` and `openssl pkey -pubout -in key.pem`."],
    seenAs: ["ERR_OSSL_X509_KEY_VALUES_MISMATCH"],
  },
  ACME_FAILED: {
    causes: ["The authority cannot reach port 80 of a name, the name leads elsewhere, or too many were ordered this week."],
    fixes: ["`curl http://NAME/.well-known/acme-challenge/x` from another network reaches the broker while it orders."],
  },
  USAGE: { causes: ["An option or argument is unknown, missing or given twice."], fixes: ["Add `--help` to the command."] },
  LOAD_INCOMPLETE: {
    causes: [
      "The broker refuses connections beyond a limit: in all, from one address, or in a second.",
      "The generator or the broker may not open so many files.",
      "The user may not subscribe to the topics of the run.",
    ],
    fixes: [
      "`--ramp SECONDS` opens them more slowly, `--local-address` from several addresses; `ulimit -n 100000` allows more files.",
    ],
    seenAs: ["EMFILE", "EADDRNOTAVAIL"],
  },
  SCENARIO_INVALID: {
    causes: ["The file does not compile, has no default export made by `scenario`, or one of its values is out of range."],
    fixes: ["`bowline simulate --list` names what comes with the command."],
  },
  STORE_DAMAGED: {
    causes: ["A disk fault, or a machine that lost power without keeping its promise to flush."],
    fixes: [
      "Copy the data folder first.",
      "`bowline backup --salvage` keeps what is whole and counts the rest; so does `bowline up --on-damage=salvage`.",
    ],
  },
  STORE_NEWER: {
    causes: ["A newer version has written the store, which this one would misread."],
    fixes: ["Start the newer version, or restore a backup made before the upgrade."],
  },
  STORE_OLDER: {
    causes: ["Several versions were left out in an upgrade.", "The file is no store of Bowline."],
    fixes: ["Start each version once that changed the format; the changelog names them.", "Restore a newer backup."],
  },
  STORE_EXISTS: {
    causes: ["A backup is restored into a data folder that is in use, or was."],
    fixes: ["Give `--data` a folder without a store.", "Move its folder `store` away, and keep it until the restored one is well."],
  },
  STORE_IN_USE: {
    causes: ["A broker runs with the same data folder."],
    fixes: ["End it, or give `--data` another folder.", "Commands with `--data` talk to the running broker."],
  },
  STORE_UNREADABLE: {
    causes: ["The files belong to another user, or the disk returns errors."],
    fixes: ["`ls -l` on the data folder; `dmesg` for disk errors."],
    seenAs: ["EACCES", "EIO"],
  },
  STORE_READ_ONLY: {
    causes: ["The disk is full. What needs keeping is refused with 0x97, the rest goes on."],
    fixes: ["Free space; the broker tries every few seconds."],
    seenAs: ["ENOSPC"],
  },
  STORE_FULL: {
    causes: [
      "The store has reached the size it may have.",
      "The disk, or the quota of this user, is full: the message says ENOSPC or EDQUOT.",
    ],
    fixes: ["Delete sessions that never return, or raise the size.", "`df` on the data folder; free space."],
    seenAs: ["ENOSPC"],
  },
  STORE_FAILED: {
    causes: ["Reading or writing failed in a way without a name of its own."],
    fixes: ["Look at `error.cause` and at `dmesg`."],
  },
  DATA_DIR_UNWRITABLE: {
    causes: ["The folder belongs to another user, or the file system is read-only."],
    fixes: ["`chown`, or another folder with `--data`."],
    seenAs: ["EACCES", "EROFS"],
  },
  ADMIN_UNREACHABLE: {
    causes: ["No broker runs with this data folder, or the URL is wrong."],
    fixes: ["`bowline up --data DIR`"],
    seenAs: ["ECONNREFUSED", "ENOENT"],
  },
  ADMIN_REFUSED: {
    causes: ["The key is missing, wrong, or belongs to another tenant."],
    fixes: ["Use the operator's key, or the tenant's own for its own data."],
  },
  USER_EXISTS: { causes: ["The name is taken in this tenant."], fixes: ["`bowline user list`"] },
  USER_UNKNOWN: { causes: ["The name is not one of this tenant's."], fixes: ["`bowline user list`"] },
  RULE_EXISTS: { causes: ["The name is taken by another access rule of this tenant."], fixes: ["`bowline acl list`"] },
  RULE_UNKNOWN: { causes: ["No access rule of this tenant has the name, or somebody removed it."], fixes: ["`bowline acl list`"] },
  CLIENT_UNKNOWN: {
    causes: ["No client of this tenant has it, or its Session has ended."],
    fixes: ["Ask for the list of clients."],
  },
  KEY_UNKNOWN: { causes: ["No key has this AppID, or somebody removed it."], fixes: ["`bowline key list`"] },
  PLAN_UNKNOWN: { causes: ["No plan has this name, or somebody removed it."], fixes: ["`bowline tenant plans`"] },
  TENANT_EXISTS: { causes: ["The name or one of the hosts is taken."], fixes: ["`bowline tenant list`"] },
  TENANT_UNKNOWN: { causes: ["No tenant has this name."], fixes: ["`bowline tenant list`"] },
};
