import type { CompletedCommand, CompletedOption } from "./completion-model.ts";

/** A script for bash, version 3.2 and newer, that needs no other package. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  return `# Completion of the bowline command for bash: eval "$(bowline completion bash)"
_bowline_profiles() {
  local file
  for file in "\${XDG_CONFIG_HOME:-$HOME/.config}"/bowline/profiles/*.json; do
    [ -e "$file" ] && file="\${file##*/}" && printf '%s\\n' "\${file%.json}"
  done
}
_bowline() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=( $(compgen -W "${commands.map(({ name }) => name).join(" ")} help --help --version" -- "$word") )
    return
  fi
  case "$command $before" in
${commands.flatMap((command) => [...command.options.flatMap((option) => valueCase(command.name, option)), ...profileCase(command)]).join("\n")}
  esac
  case "$command" in
${commands.map(wordsCase).join("\n")}
    help) words="${commands.map(({ name }) => name).join(" ")}" ;;
  esac
  COMPREPLY=( $(compgen -W "$words" -- "$word") )
}
complete -o default -F _bowline bowline
`;
}

const PROFILES = 'COMPREPLY=( $(compgen -W "$(_bowline_profiles)" -- "$word") ); compopt +o default 2> /dev/null; return';

function profileCase({ name, profileActions }: CompletedCommand): string[] {
  if (profileActions.length === 0) return [];
  return [`    ${profileActions.map((action) => `"${name} ${action}"`).join("|")}) ${PROFILES} ;;`];
}

function valueCase(command: string, option: CompletedOption): string[] {
  const names = [`--${option.name}`, ...(option.short === undefined ? [] : [`-${option.short}`])];
  const pattern = names.map((name) => `"${command} ${name}"`).join("|");
  switch (option.takes) {
    case "nothing":
      return [];
    // Nothing is found, and then the shell itself offers files.
    case "file":
      return [`    ${pattern}) return ;;`];
    case "folder":
      return [`    ${pattern}) COMPREPLY=( $(compgen -d -- "$word") ); return ;;`];
    case "profile":
      return [`    ${pattern}) ${PROFILES} ;;`];
    case "word":
      return [`    ${pattern}) compopt +o default 2> /dev/null; return ;;`];
    default:
      return [`    ${pattern}) COMPREPLY=( $(compgen -W "${option.takes.join(" ")}" -- "$word") ); return ;;`];
  }
}

function wordsCase({ name, actions, options }: CompletedCommand): string {
  const flags = options.map((option) => `--${option.name}`).join(" ");
  if (actions.length === 0) return `    ${name}) words="${flags}" ;;`;
  return `    ${name}) words="${flags}"; [ "$COMP_CWORD" -eq 2 ] && words="${actions.join(" ")} $words" ;;`;
}
