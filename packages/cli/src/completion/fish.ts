import type { CompletedCommand, CompletedOption } from "./completion-model.ts";

/** A script for fish: sourced, or a file `bowline.fish` in ~/.config/fish/completions. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  return [
    "# Completion of the bowline command for fish: bowline completion fish | source",
    "function __bowline_profiles",
    "    set -l folder $XDG_CONFIG_HOME",
    '    test -n "$folder"; or set folder $HOME/.config',
    "    for file in $folder/bowline/profiles/*.json",
    "        string replace -r '.*/(.*)\\.json$' '$1' -- $file",
    "    end",
    "end",
    "complete -c bowline -e",
    "complete -c bowline -f",
    ...commands.map(({ name, summary }) => `complete -c bowline -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`),
    ...commands.flatMap(({ name, actions, profileActions, options }) => [
      ...(actions.length === 0
        ? []
        : [`complete -c bowline -n ${quoted(`__fish_seen_subcommand_from ${name}`)} -a ${quoted(actions.join(" "))}`]),
      ...(profileActions.length === 0
        ? []
        : [
            `complete -c bowline -n ${quoted(`__fish_seen_subcommand_from ${name}; and __fish_seen_subcommand_from ${profileActions.join(" ")}`)} -a '(__bowline_profiles)'`,
          ]),
      ...options.map((option) => optionLine(name, option)),
    ]),
    "",
  ].join("\n");
}

function optionLine(command: string, option: CompletedOption): string {
  const short = option.short === undefined ? "" : ` -s ${option.short}`;
  const condition = quoted(`__fish_seen_subcommand_from ${command}`);
  return `complete -c bowline -n ${condition} -l ${option.name}${short}${valueWords(option)} -d ${quoted(option.help)}`;
}

function valueWords({ takes }: CompletedOption): string {
  switch (takes) {
    case "nothing":
      return "";
    case "file":
      return " -r -F";
    case "folder":
      return " -x -a '(__fish_complete_directories)'";
    case "profile":
      return " -x -a '(__bowline_profiles)'";
    case "word":
      return " -x";
    default:
      return ` -x -a ${quoted(takes.join(" "))}`;
  }
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
