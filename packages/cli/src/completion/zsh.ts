import type { CompletedCommand, CompletedOption } from "./completion-model.ts";

/** A script for zsh: evaluated after compinit, or a file `_bowline` in a folder of fpath. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef bowline
# Completion of the bowline command for zsh: eval "$(bowline completion zsh)" after compinit.
_bowline_profiles() {
  local -a names
  names=(\${XDG_CONFIG_HOME:-$HOME/.config}/bowline/profiles/*.json(N:t:r))
  _describe profile names
}
_bowline() {
  if (( CURRENT == 2 )); then
    local -a commands
    commands=(
${commands.map(({ name, summary }) => `      ${quoted(`${name}:${escaped(summary)}`)}`).join("\n")}
    )
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.map(commandCase).join("\n")}
    help) _values command ${commands.map(({ name }) => name).join(" ")} ;;
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _bowline "$@"
else
  compdef _bowline bowline
fi
`;
}

function commandCase({ name, actions, profileActions, options }: CompletedCommand): string {
  const rest = [
    ...(actions.length === 0 ? [] : [quoted(`1:action:(${actions.join(" ")})`)]),
    ...(profileActions.length === 0
      ? []
      : [quoted(`2:profile:{ [[ $words[2] == (${profileActions.join("|")}) ]] && _bowline_profiles }`)]),
  ];
  const specs = [...options.flatMap(specsOf), ...rest].map((spec) => `\n        ${spec}`).join(" \\");
  return `    ${name})\n      _arguments -s -S \\${specs} ;;`;
}

function specsOf(option: CompletedOption): string[] {
  const names = [...(option.short === undefined ? [] : [`-${option.short}`]), `--${option.name}`];
  const excluded = option.isRepeated ? "*" : `(${names.join(" ")})`;
  return names.map((name) => quoted(`${excluded}${name}[${escaped(option.help)}]${valueSpec(option)}`));
}

function valueSpec({ takes, value }: CompletedOption): string {
  switch (takes) {
    case "nothing":
      return "";
    case "file":
      return ":file:_files";
    case "folder":
      return ":folder:_files -/";
    case "profile":
      return ":profile:_bowline_profiles";
    case "word":
      return `:${escaped(value)}: `;
    default:
      return `:value:(${takes.join(" ")})`;
  }
}

function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
