import type { CompletedCommand } from "../completion/completion-model.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

type Shell = "bash" | "zsh" | "fish";

const SHELLS: Readonly<Record<Shell, () => Promise<(commands: readonly CompletedCommand[]) => string>>> = {
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
    const { completionModel } = await import("../completion/completion-model.ts");
    process.stdout.write((await SHELLS[shell as Shell]())(await completionModel(all)));
    return ExitCode.Well;
  },
};
