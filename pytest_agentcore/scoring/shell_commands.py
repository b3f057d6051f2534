"""What a shell command line may do, as far as its text tells: read, write, wait, run tests."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

ROOT = "/workspace/"
LONGEST = 20_000
"""Characters of a command line that are looked at."""

_READERS = {
    *("cat", "head", "tail", "less", "more", "nl", "tac", "ls", "tree", "find", "grep", "egrep", "fgrep", "rg", "sed"),
    *("awk", "wc", "stat", "file", "diff", "cmp", "sort", "uniq", "cut", "tr", "column", "paste", "join", "comm"),
    *("echo", "printf", "pwd", "cd", "which", "type", "true", "false", "test", "[", "md5sum", "sha256sum", "od"),
    *("Get-Content", "Get-ChildItem", "Select-String", "Measure-Object", "Write-Output", "gc", "gci", "dir", "type"),
    *("xxd", "hexdump", "strings", "basename", "dirname", "realpath", "du", "df", "env", "id", "whoami", "date", "jq"),
}
_CHANGERS = {"rm", "touch", "mkdir", "rmdir", "chmod", "truncate", "mv"}
_GIT_READS = {"status", "diff", "log", "show", "blame", "ls-files", "grep", "branch"}
_PEEKS = {"head", "tail", "ls", "wc", "stat", "file", "find", "tree", "du", "md5sum", "sha256sum", "echo", "printf"}
_TEST_RUN = re.compile(r"\b(?:py\.?test|unittest|tox|nox|nosetests|doctest)\b|\b(?:make|npm|just) (?:test|check)\b")
_WAITS = re.compile(r"\b(?:sleep|wait|watch|usleep)\b|\bwhile\b|\buntil\b")
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1.*?^\t*\2\s*$", re.DOTALL | re.MULTILINE)
_SEPARATORS = re.compile(r"&&|\|\||[;\n|]|(?<![>&])&(?![>&])")
_REDIRECT = re.compile(r"(?<![<\d&])(?:\d|&)?(>>?)\|?\s*(?!&\d)(\"[^\"]*\"|'[^']*'|[^\s;&|<>()]+)")
_TO_DESCRIPTOR = re.compile(r"\d?>&\d|&?\d?>>?\s*/dev/(?:null|stdout|stderr)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line taken apart."""

    text: str
    programs: tuple[tuple[str, ...], ...]
    """The words of each simple command, redirections left out."""
    targets: tuple[str, ...]
    """Workspace paths that output is redirected or ``tee``d to."""
    appends: bool
    """Is any of that output added to what is there?"""

    @property
    def test_run(self) -> bool:
        """Does it run tests?"""
        return _TEST_RUN.search(self.text) is not None

    @property
    def waits(self) -> bool:
        """Does it let time pass, so that asking again makes sense?"""
        return _WAITS.search(self.text) is not None

    @property
    def peeks(self) -> bool:
        """Does it look at no more than names, sizes and ends of files?"""
        return all(words[0] in _PEEKS or _range_of_lines(words) for words in self.programs if words[0] != "cd")

    def touched(self) -> frozenset[str] | None:
        """Workspace paths that it may have changed; None when it may have changed any."""
        paths = set(self.targets)
        for words in self.programs:
            changed = _changed(words)
            if changed is None and not _TEST_RUN.search(" ".join(words)):
                return None
            paths |= changed or set()
        return frozenset(paths)


def parse(text: str) -> Command:
    """Take a command line apart, without running anything; what is too clever for it counts as a program unknown."""
    bare = _HEREDOC.sub("", text[:LONGEST])
    found = _REDIRECT.findall(_TO_DESCRIPTOR.sub(" ", bare))
    targets = [path_of(target.strip("\"'")) for _, target in found]
    programs = [words for part in _SEPARATORS.split(_without_redirects(bare)) if (words := _words(part))]
    teed = [(words, word) for words in programs if words[0] == "tee" for word in words[1:] if not word.startswith("-")]
    return Command(
        text=text,
        programs=tuple(programs),
        targets=(*targets, *(path_of(word) for _, word in teed)),
        appends=any(sign == ">>" for sign, _ in found) or any("-a" in words for words, _ in teed),
    )


def path_of(text: str) -> str:
    """A path as written by an agent, relative to the workspace and normalised; ``.`` is the workspace itself."""
    path = posixpath.normpath(text.strip() or ".")
    return "." if path == ROOT.rstrip("/") else path.removeprefix(ROOT)


def mentions(text: str, path: str) -> bool:
    """Does a text name a file, by its path or by its last part?"""
    return any(
        re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-]|\.\w)", text) is not None
        for name in {path, posixpath.basename(path)}
    )


def sweeps(command: Command, path: str) -> bool:
    """Does it read files by pattern or by folder, this one possibly among them?"""
    name = posixpath.basename(path)
    for words in command.programs:
        flags = "".join(word for word in words[1:] if word.startswith("-"))
        if words[0] in {"grep", "rg", "egrep", "fgrep"} and (words[0] == "rg" or re.search("[rR]", flags)):
            return True
        if words[0] in {"xargs", "tar", "zip"} or (words[0] == "find" and "-exec" in words):
            return True
        patterns = [re.escape(word).replace(r"\*", ".*").replace(r"\?", ".") for word in words[1:] if "*" in word]
        if any(re.fullmatch(pattern, path) or re.fullmatch(pattern, name) for pattern in patterns):
            return words[0] not in {"ls", "find", "wc", "stat"}
    return False


def _without_redirects(text: str) -> str:
    return _REDIRECT.sub(" ", _TO_DESCRIPTOR.sub(" ", text))


def _words(part: str) -> tuple[str, ...]:
    try:
        words = shlex.split(part, comments=True)
    except ValueError:
        words = part.split()
    while words and (
        re.fullmatch(r"\w+=.*", words[0], re.DOTALL) or words[0] in {"sudo", "time", "command", "exec", "("}
    ):
        words = words[1:]
    if words:
        words[0] = posixpath.basename(words[0].lstrip("({")) or words[0]
    return tuple(words)


def _range_of_lines(words: Sequence[str]) -> bool:
    """``sed -n 1,20p``: a look at some lines."""
    return words[0] == "sed" and "-n" in words and any(re.fullmatch(r"\d+(?:,\d+)?p", word) for word in words)


def _changed(words: Sequence[str]) -> set[str] | None:
    """What a simple command may change, redirections aside; None when that cannot be told."""
    program, files = words[0], {path_of(word) for word in words[1:] if not word.startswith("-")}
    in_place = program == "sed" and any(re.match(r"-\w*i|--in-place", word) for word in words[1:])
    if program in {"cp", "ln"}:
        return _copies(words)
    if in_place or program in _CHANGERS:
        return files
    harmless = {
        "find": not {"-delete", "-exec", "-execdir"} & set(words),
        "awk": not any("inplace" in word or re.search(r">\s*\"", word) for word in words[1:]),
        "sort": "-o" not in words,
        "git": len(words) > 1 and words[1] in _GIT_READS,
        "sqlite3": _only_selects(words),
    }.get(program, program in _READERS or program == "tee")
    return set() if harmless else None


def _copies(words: Sequence[str]) -> set[str]:
    """Where copies or links come to lie: the last name, or below it where it is a folder."""
    *sources, last = [path_of(word) for word in words[1:] if not word.startswith("-")] or ["."]
    return {last, *(path_of(posixpath.join(last, posixpath.basename(source))) for source in sources)}


def _only_selects(words: Sequence[str]) -> bool:
    sql = " ".join(word for word in words[2:] if not word.startswith("-")).lower()
    return bool(sql) and re.search(r"\b(?:insert|update|delete|drop|create|alter|replace|attach)\b", sql) is None


def written_names(command: Command) -> frozenset[str]:
    """Workspace paths whose content it certainly writes, replaces or removes."""
    found = set(command.targets)
    for words in command.programs:
        if words[0] in {"sed", "rm", "truncate", "mv", "cp", "ln"}:
            found |= _changed(words) or set()
    return frozenset(found)
