"""`toban completion`: what a shell reads to complete our words, and the answers it then asks for."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Final

from toban.cli.completion.candidates import Candidate, WantedIds, candidates
from toban.cli.kit.arguments import folder_of, parser
from toban.cli.kit.terminal import Terminal, printable

_BASH = """\
_toban() {
    local word about
    COMPREPLY=()
    while IFS=$'\\t' read -r word about; do
        case $word in
            :files) compopt -o default; return ;;
            :directories) compopt -o dirnames; return ;;
            *) COMPREPLY+=("$word") ;;
        esac
    done < <("${COMP_WORDS[0]}" completion bash --answer "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _toban toban
"""
_ZSH = """\
#compdef toban
_toban() {
    local word about
    local -a found
    while IFS=$'\\t' read -r word about; do
        case $word in
            :files) _files; return ;;
            :directories) _files -/; return ;;
            *) found+=("${word//:/\\\\:}:$about") ;;
        esac
    done < <("${words[1]}" completion zsh --answer "${(@)words[2,CURRENT]}" 2>/dev/null)
    _describe toban found
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _toban "$@"
else
    compdef _toban toban
fi
"""
_FISH = """\
function __toban
    set -l before (commandline -opc)
    set -l word (commandline -ct)
    for line in ($before[1] completion fish --answer $before[2..-1] "$word" 2>/dev/null)
        switch $line
            case ':files*'
                __fish_complete_path "$word"
            case ':directories*'
                __fish_complete_directories "$word"
            case '*'
                echo $line
        end
    end
end
complete -c toban -f -a '(__toban)'
"""
SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
"""They only ask this program: what is new in it is completed at once."""


_PLAIN: Final = re.compile(r"[\w@%+=:,./-]+")
"""
Words that are offered: bash puts them on the line as they are, and a profile's ``$(…)`` would be run.
"""


def completion(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Print the script of a shell, or answer it."""
    if asked.answer is None:
        terminal.line(SCRIPTS[asked.shell].rstrip())
        return 0
    for found in answer(asked.answer, asked.data, terminal):
        if _PLAIN.fullmatch(found.word):
            terminal.line(f"{found.word}\t{printable(found.about)}".rstrip())
    return 0


def answer(words: list[str], data: Path, terminal: Terminal) -> list[Candidate]:
    """Return what the last of these words may become; nothing is said where nothing is known."""
    found = candidates(parser(terminal.language, folder_of(words[:-1])), words)
    if isinstance(found, WantedIds):
        from toban.cli.completion.ids import known

        return known(found, data, terminal)
    return found
