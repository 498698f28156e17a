import { MqttError } from "@bowline/protocol";
import type { CompletedCommand } from "../completion/completion-model.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

const SHELLS: Readonly<Record<string, () => Promise<(commands: readonly CompletedCommand[]) => string>>> = {
  bash: async () => (await import("../completion/bash.ts")).bashScript,
  zsh: async () => (await import("../completion/zsh.ts")).zshScript,
  fish: async () => (await import("../completion/fish.ts")).fishScript,
};

export const completion: Command = {
  usage: ["bowline completion bash|zsh|fish"],
  description: [
    "Prints a script that lets a shell complete commands, options and their values. Put the line below that is your shell's into",
    "~/.bashrc, ~/.zshrc (after compinit) or ~/.config/fish/config.fish.",
  ].join("\n"),
  options: {},
  examples: ['eval "$(bowline completion bash)"', 'eval "$(bowline completion zsh)"', "bowline completion fish | source"],
  run: async ({ words: [shell = ""] }, all) => {
    const load = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
    if (load === undefined) throw new MqttError("USAGE", { detail: "say bash, zsh or fish" });
    const { completionModel } = await import("../completion/completion-model.ts");
    process.stdout.write((await load())(await completionModel(all)));
    return ExitCode.Well;
  },
};
