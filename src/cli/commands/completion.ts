/**
 * `hammerwork completion`: scripts that complete the command line in a shell, generated from the
 * commands.
 *
 * @module
 */
import { shownWithNearest } from "../../job/checks.ts";
import { type Operand, type Option, optionsOf } from "../arguments.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../errors.ts";

/** The scripts by the name of their shell. */
const scripts: {
  readonly [Shell in "bash" | "zsh" | "fish"]: (commands: readonly Command[]) => string;
} = { bash: bashScript, zsh: zshScript, fish: fishScript };

const shells: readonly string[] = Object.keys(scripts);

/** Prints the script with which a shell completes these commands, of which it is one itself. */
export function completion(commands: () => readonly Command[]): Command {
  return {
    name: "completion",
    summary: "Prints a script of completion for a shell.",
    operands: [{ name: "SHELL", choices: shells }],
    opensStore: false,
    notes: "SHELL is bash, zsh or fish. The script completes commands, options and values\n" +
      "of which there are few, such as those of --status. To have it in each shell:\n\n" +
      "bash, in ~/.bashrc: source <(hammerwork completion bash)\n\n" +
      "zsh, in ~/.zshrc after compinit: source <(hammerwork completion zsh)\n\n" +
      "fish, in ~/.config/fish/config.fish: hammerwork completion fish | source",
    examples: ["completion bash > hammerwork_completion.bash"],
    run: async (args, io) => {
      const shell = args.operands[0]!;
      if (!shells.includes(shell)) {
        throw new UsageError(
          `SHELL must be ${shells.join(", ")}: got ${shownWithNearest(shell, shells)}`,
        );
      }
      await io.stdout.write(scripts[shell as keyof typeof scripts](commands()));
    },
  };
}

/** A word that can follow others. */
interface Word {
  readonly word: string;
  readonly help: string;
}

/** The words that can follow nothing (`""`) or the first word of commands of two. */
function firstWords(commands: readonly Command[]): ReadonlyMap<string, readonly Word[]> {
  const following = new Map<string, Word[]>([["", []]]);
  const add = (before: string, word: string, help: string) => {
    const words = following.get(before) ?? [];
    if (!words.some((one) => one.word === word)) words.push({ word, help });
    following.set(before, words);
  };
  for (const { name, summary } of commands) {
    const [first = "", second] = name.split(" ");
    const help = summary.replace(/\.$/, "");
    add("", first, second === undefined ? help : `Commands of ${first}`);
    if (second !== undefined) add(first, second, help);
  }
  return following;
}

/** The first words of commands of two words. */
function families(commands: readonly Command[]): readonly string[] {
  return [...firstWords(commands).keys()].filter((word) => word !== "");
}

function optionEntries(command: Command): readonly (readonly [name: string, option: Option])[] {
  return Object.entries(optionsOf(command));
}

/** The script of bash 3.2 or later. What has no choices is left to bash, which offers files. */
function bashScript(commands: readonly Command[]): string {
  const wordsOf = (command: Command) => [
    ...optionEntries(command).map(([name]) => `--${name}`),
    ...choicesOf(command.operands),
  ];
  const words = [
    ...[...firstWords(commands)].map(([before, following]) =>
      [before, following.map(({ word }) => word)] as const
    ),
    ...commands.map((command) => [command.name, wordsOf(command)] as const),
  ];
  const values = commands.flatMap((command) =>
    optionEntries(command).filter(([, { value }]) => value !== undefined).map((
      [name, { choices = [] }],
    ) => [`${command.name} --${name}`, choices] as const)
  );
  const cases = (entries: readonly (readonly [string, readonly string[]])[], indent: string) =>
    entries.map(([key, following]) =>
      `${indent}${quoted(key)}) words=${quoted(following.join(" "))} ;;`
    ).join("\n");
  return `# Completion of hammerwork for bash, by hammerwork completion bash.
_hammerwork() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}"
  local command="" words="" list="" reply
  if ((COMP_CWORD > 1)); then command="\${COMP_WORDS[1]}"; fi
  case "$command" in
    ${families(commands).join(" | ")})
      if ((COMP_CWORD > 2)); then command="$command \${COMP_WORDS[2]}"; fi ;;
  esac
  # Bash takes the = of --option=value for a word.
  if [ "$word" = "=" ]; then word=""
  elif [ "$before" = "=" ]; then before="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  case "$command $before" in
${cases(values, "    ")}
    *)
      case "$command" in
${cases(words, "        ")}
      esac ;;
  esac
  case "$before" in
    ${lists(commands).join(" | ")})
      case "$word" in *,*) list="\${word%,*},"; word="\${word##*,}" ;; esac ;;
  esac
  COMPREPLY=()
  while IFS= read -r reply; do
    COMPREPLY+=("$reply")
  done < <(compgen -P "$list" -W "$words" -- "$word")
}
complete -o default -F _hammerwork hammerwork
`;
}

/** The options with several choices separated by commas. */
function lists(commands: readonly Command[]): readonly string[] {
  const names = commands.flatMap((command) =>
    optionEntries(command)
      .filter(([, { choices, multiple }]) => choices !== undefined && multiple === true)
      .map(([name]) => `--${name}`)
  );
  return [...new Set(names)];
}

/** The script of zsh, which can also be a file in a folder of its fpath. */
function zshScript(commands: readonly Command[]): string {
  const described = [...firstWords(commands)].map(([before, following]) => {
    const names = following.map(({ word, help }) =>
      quoted(`${word}:${help.replaceAll(":", "\\:")}`)
    );
    return `    ${quoted(before)})
      names=(${names.join(" ")})
      _describe -t commands command names ;;`;
  });
  const completed = commands.map((command) => {
    const count = command.name.split(" ").length;
    const specs = [
      ...optionEntries(command).map(([name, option]) => zshOption(name, option)),
      ...(command.operands ?? []).map(zshOperand),
    ];
    return `    ${quoted(command.name)})
      shift ${count} words
      ((CURRENT -= ${count}))
      _arguments ${specs.map((spec) => `\\\n        ${quoted(spec)}`).join(" ")} ;;`;
  });
  return `#compdef hammerwork
# Completion of hammerwork for zsh, by hammerwork completion zsh.
_hammerwork() {
  local command=''
  local -a names
  ((CURRENT > 2)) && command=$words[2]
  case $command in
    ${families(commands).join(" | ")}) ((CURRENT > 3)) && command="$command $words[3]" ;;
  esac
  case $command in
${[...described, ...completed].join("\n")}
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _hammerwork "$@"
else
  compdef _hammerwork hammerwork
fi
`;
}

function zshOption(name: string, { value, multiple, choices, isPath, help }: Option): string {
  const repeated = multiple === true ? "*" : "";
  const described = `[${help.replaceAll(/[[\]\\]/g, "\\$&")}]`;
  if (value === undefined) return `${repeated}--${name}${described}`;
  const words = choices?.join(" ");
  const action = words !== undefined
    ? multiple === true ? `_sequence compadd - ${words}` : `(${words})`
    : isPath === true
    ? "_files"
    : " ";
  return `${repeated}--${name}=${described}:${value}:${action}`;
}

function zshOperand({ name, multiple, choices }: Operand): string {
  const action = choices === undefined ? " " : `(${choices.join(" ")})`;
  return `${multiple === true ? "*" : ""}:${name}:${action}`;
}

/** The script of fish 3.1 or later. */
function fishScript(commands: readonly Command[]): string {
  const lines = [...firstWords(commands)].flatMap(([before, following]) =>
    following.map(({ word, help }) => fishLine(before, `-a ${word}`, help))
  );
  for (const command of commands) {
    for (const [name, option] of optionEntries(command)) {
      lines.push(fishLine(command.name, `-l ${name}${fishValue(option)}`, option.help));
    }
    const choices = choicesOf(command.operands);
    if (choices.length > 0) lines.push(fishLine(command.name, `-a ${quoted(choices.join(" "))}`));
  }
  return `# Completion of hammerwork for fish, by hammerwork completion fish.
function __hammerwork_follows
    set -l words (commandline -opc)
    set -e words[1]
    set -l command "$words[1]"
    if contains -- "$command" ${families(commands).join(" ")}
        set command (string trim -- "$words[1] $words[2]")
    end
    test "$command" = "$argv"
end
function __hammerwork_list
    set -l before (commandline -ct | string replace -r '^--[^=]*=' '' | string match -r '.*,')
    printf '%s\\n' "$before"$argv
end
complete -c hammerwork -f
${lines.join("\n")}
`;
}

function fishLine(before: string, what: string, help?: string): string {
  const condition = quoted(`__hammerwork_follows ${before}`.trimEnd());
  const described = help === undefined ? "" : ` -d ${fishQuoted(help)}`;
  return `complete -c hammerwork -n ${condition} ${what}${described}`;
}

function fishValue({ value, multiple, choices, isPath }: Option): string {
  if (value === undefined) return "";
  if (isPath === true) return " -r -F";
  if (choices === undefined) return " -x";
  const words = choices.join(" ");
  return ` -x -a ${quoted(multiple === true ? `(__hammerwork_list ${words})` : words)}`;
}

function choicesOf(operands: readonly Operand[] = []): readonly string[] {
  return operands.flatMap(({ choices = [] }) => choices);
}

/** A word of a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The same of fish, where a backslash counts within quotes. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
