/* Of the inside, what commands need that start no broker: the rest takes longer to load than they work. */

export { generatePassword } from "./auth/generate-password.ts";
export { type DataFolder, dataFolder } from "./config/data-folder.ts";
