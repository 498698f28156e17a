import type { z } from "zod";
import type { SecretReference } from "../config/secret-reference.ts";
import type { Logger } from "../log/logger.ts";
import type { LoadUserModule } from "../realtime/user-module.ts";
import type { AuthenticationMethod, EnhancedMethod } from "./authenticator.ts";
import type { PasswordHasher } from "./password-hasher.ts";
import type { UserDirectory } from "./user-directory.ts";

/** What a kind may use to open a link of the chain. */
export interface AuthenticatorContext {
  readonly users: UserDirectory;
  readonly hasher: PasswordHasher;
  readonly logger: Logger;
  /** Makes modules of programs in TypeScript; without it only JavaScript is run. */
  readonly loadUserModule?: LoadUserModule | undefined;
}

/** A link of the chain in force. */
export interface OpenAuthenticator {
  /** Asked about clients that name no Authentication Method. */
  readonly method?: AuthenticationMethod;
  /** Authentication Methods that clients may name (section 4.12). */
  readonly enhanced?: readonly EnhancedMethod[];
  /** Called when a reload has put another link in its place, or the broker ends; what is being asked meanwhile may be aborted. */
  close?(): void;
}

/** Makes the paths that a configuration names absolute. */
export interface PathResolver {
  readonly path: (name: string) => string;
  readonly secret: (reference: SecretReference) => SecretReference;
}

/** A secret, or a file of keys, that a link of the chain needs: at a reload another content opens the link anew. */
export interface NamedSecret {
  /** Its key within the link. */
  readonly path: readonly PropertyKey[];
  readonly reference: SecretReference;
  /** What is wrong with what it holds, without telling it; undefined for nothing. */
  readonly faultOf?: (text: string) => string | undefined;
}

/** A kind of authenticator: what the configuration may say of it, and how it is opened. */
export interface AuthenticatorKind<T extends { kind: string }, Input extends { kind: string } = T> {
  readonly schema: z.ZodType<T, Input>;
  /** Absent where it names no files. */
  resolve?(config: Input, resolver: PathResolver): Input;
  /** Where its secrets and keys lie. Absent where it has none. */
  secrets?(config: T): readonly NamedSecret[];
  /** What no schema sees, without opening anything: throws MqttError CONFIG_INVALID. */
  check?(config: T): void;
  /** The Authentication Methods that clients may name. Absent where there are none. */
  methodNames?(config: T): readonly string[];
  /** Everything that can fail fails here, before anything of the old chain is given up. Rejects with MqttError. */
  open(config: T, context: AuthenticatorContext): Promise<OpenAuthenticator>;
}
