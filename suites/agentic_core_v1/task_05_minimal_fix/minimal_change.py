r"""What changed between two versions of a file, byte by byte and line by line. Pure functions.

A line is what ends with a line feed, its ending included, so ``\r\n`` and ``\n`` differ. An :class:`Edit` is one line,
kept, replaced, removed or added; a change is a list of them, and any choice of its edits can be applied to the old
version (:func:`with_edits`), which is how one finds out whether all of them are needed.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

BOM = b"\xef\xbb\xbf"
LONGEST_MIDDLE = 200
"""Lines between the first and the last change that are compared line by line; beyond, all of them count as changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One touched line; old and new are equal where nothing was touched."""

    old: bytes | None
    new: bytes | None

    @property
    def touched(self) -> bool:
        """False for a line that is what it was."""
        return self.old != self.new

    @property
    def lines(self) -> int:
        """Removed plus added lines."""
        return self.touched * ((self.old is not None) + (self.new is not None))


def ending(line: bytes) -> bytes:
    r"""``\r\n``, ``\n`` or nothing."""
    return line[len(line.rstrip(b"\r\n")) :]


def tail(line: bytes) -> bytes:
    """What stands after the last visible character: blanks and the line ending."""
    return line[len(line.rstrip()) :]


def usual_ending(data: bytes) -> bytes:
    """The line ending that most lines have."""
    found = Counter(map(ending, lines_of(data)))
    return max((b"\r\n", b"\n"), key=lambda kind: found[kind])


def lines_of(data: bytes) -> list[bytes]:
    """The lines with their endings; only a line feed ends one."""
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


def comparable(before: bytes, after: bytes) -> tuple[bytes, bytes]:
    """Both versions with a final line ending where the old one has none, so that adding it is no change."""
    if not before or before.endswith(b"\n"):
        return before, after
    closing = usual_ending(before)
    stripped = after.removesuffix(b"\n").removesuffix(b"\r") if after.endswith(b"\n") else after
    return before + closing, stripped + closing


def change(before: bytes, after: bytes) -> list[Edit]:
    """The whole file as lines, the fewest possible of them touched."""
    old, new = map(lines_of, comparable(before, after))
    head = _agreeing(old, new)
    foot = _agreeing(old[head:][::-1], new[head:][::-1])
    middle = _aligned(old[head : len(old) - foot], new[head : len(new) - foot])
    kept = [Edit(old=line, new=line) for line in old]
    return [*kept[:head], *middle, *kept[len(kept) - foot :]]


def _agreeing(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    """How many lines at the beginning are equal."""
    pairs = zip(old, new, strict=False)
    return next((index for index, (left, right) in enumerate(pairs) if left != right), min(len(old), len(new)))


def _aligned(old: Sequence[bytes], new: Sequence[bytes]) -> list[Edit]:
    """The best pairing in order: as many equal lines as possible, then as much likeness as possible."""
    if max(len(old), len(new)) > LONGEST_MIDDLE:
        return [*(Edit(old=line, new=None) for line in old), *(Edit(old=None, new=line) for line in new)]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    gains = [[_gain(left, right) for right in new] for left in old]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + gains[i][j])
    edits, i, j = [], 0, 0
    while i < len(old) and j < len(new):
        if best[i][j] == best[i + 1][j + 1] + gains[i][j]:
            edits.append(Edit(old=old[i], new=new[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            edits.append(Edit(old=old[i], new=None))
            i += 1
        else:
            edits.append(Edit(old=None, new=new[j]))
            j += 1
    edits += [Edit(old=line, new=None) for line in old[i:]]
    return edits + [Edit(old=None, new=line) for line in new[j:]]


def _gain(old: bytes, new: bytes) -> float:
    """1000 for equal lines, likeness (0 to 1) for others, so that equal ones always come first."""
    if old == new:
        return 1000.0
    matcher = SequenceMatcher(None, old.split(), new.split(), autojunk=False)
    return 0.01 + 0.5 * matcher.ratio() + 0.3 * (old[:1].isspace() == new[:1].isspace())


def with_edits(lines: Sequence[Edit], chosen: Collection[int]) -> bytes:
    """The old version with the edits at these positions applied and the others not."""
    kept = [edit.new if index in chosen else edit.old for index, edit in enumerate(lines)]
    return b"".join(line for line in kept if line is not None)


def partial_versions(lines: Sequence[Edit]) -> list[bytes]:
    """Every version between the old and the new one: some edits applied, but neither none nor all."""
    touched = [index for index, edit in enumerate(lines) if edit.touched]
    sizes = range(1, len(touched))
    return [with_edits(lines, chosen) for size in sizes for chosen in combinations(touched, size)]


def names(source: bytes) -> set[str]:
    """The identifiers of a source file; none where Python cannot read it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {name for node in ast.walk(tree) for name in _named(node)}


def _named(node: ast.AST) -> Iterator[str]:
    for field in ("id", "arg", "name", "attr"):
        value = getattr(node, field, None)
        if isinstance(value, str):
            yield value


def versions_without_renaming(before: bytes, after: bytes) -> list[bytes]:
    """The new version with a new name turned back into one that is gone, where fewer lines are touched then."""
    count = lines_touched(change(before, after))
    gone, come = names(before) - names(after), names(after) - names(before)
    pairs = [(new, old) for new in sorted(come) for old in sorted(gone)] if len(gone) * len(come) <= 9 else []
    undone = [re.sub(rb"\b%s\b" % re.escape(new.encode()), old.encode(), after) for new, old in pairs]
    return [version for version in undone if lines_touched(change(before, version)) < count]


def lines_touched(lines: Sequence[Edit]) -> int:
    """Removed plus added lines of a change."""
    return sum(edit.lines for edit in lines)


def changed_tails(before: bytes, lines: Sequence[Edit]) -> list[bytes]:
    """Touched lines whose blanks at the end or line ending are not what they were; a new line ends as most do."""
    usual = usual_ending(before)
    return [
        edit.new
        for edit in lines
        if edit.touched
        and edit.new is not None
        and (tail(edit.new) != tail(edit.old) if edit.old is not None else ending(edit.new) != usual)
    ]
