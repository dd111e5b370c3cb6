"""On which line of a TOML text each key and list item stands.

`tomllib` tells what a document says, not where. This walks a text that `tomllib` has accepted already, so it need
only find its way, not judge: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|"{1,2}(?!")|[^"\\])*"{3,5}'  # up to two quotes more may stand before the closing three
    r"|'''(?:'{1,2}(?!')|[^'])*'{3,5}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]+")


def positions(text: str) -> Mapping[Path, int]:
    """The line, from 1, of every table, key and list item: `("lines", "shop", "queue", "members", 0)`."""
    return _Walk(text.replace("\r\n", "\n")).document()


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.breaks = [match.start() for match in re.finditer("\n", text)]
        self.lines: dict[Path, int] = {}
        self.arrays: dict[Path, int] = {}
        """How many tables each array of tables has so far."""

    def document(self) -> Mapping[Path, int]:
        table: Path = ()
        self.skip(_GAP)
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                table = self.header(2)
            elif self.text[self.at] == "[":
                table = self.header(1)
            else:
                self.pair(table)
            self.skip(_GAP)
        return self.lines

    def header(self, brackets: int) -> Path:
        """`[a.b]` or `[[a.b]]`; below an array of tables a name means its last table."""
        line = self.line
        self.at += brackets
        keys = self.keys()
        self.at += brackets
        table: Path = ()
        for depth, key in enumerate(keys, start=1):
            table = (*table, key)
            self.lines.setdefault(table, line)
            if brackets == 2 and depth == len(keys):
                self.arrays[table] = self.arrays.get(table, 0) + 1
            if table in self.arrays:
                table = (*table, self.arrays[table] - 1)
                self.lines.setdefault(table, line)
        if brackets == 1:
            self.lines[table] = line  # a table's own header tells more than a subtable's before it
        return table

    def pair(self, table: Path) -> None:
        line = self.line
        keys = self.keys()
        for depth in range(1, len(keys) + 1):
            self.lines.setdefault((*table, *keys[:depth]), line)
        self.at += 1  # the =
        self.skip(_BLANK)
        self.value((*table, *keys))

    def keys(self) -> tuple[str, ...]:
        """A dotted key, and the blanks after it."""
        keys: list[str] = []
        while True:
            self.skip(_BLANK)
            if self.text[self.at] in "\"'":
                keys.append(tomllib.loads(f"key = {self.take(_STRING)}")["key"])
            else:
                keys.append(self.take(_BARE))
            self.skip(_BLANK)
            if self.text[self.at] != ".":
                return tuple(keys)
            self.at += 1

    def value(self, path: Path) -> None:
        match self.text[self.at]:
            case '"' | "'":
                self.skip(_STRING)
            case "[":
                self.array(path)
            case "{":
                self.inline_table(path)
            case _:
                self.skip(_SCALAR)

    def array(self, path: Path) -> None:
        self.at += 1
        index = 0
        self.skip(_GAP)
        while self.text[self.at] != "]":
            self.lines[*path, index] = self.line
            self.value((*path, index))
            index += 1
            self.skip(_GAP)
            if self.text[self.at] == ",":
                self.at += 1
                self.skip(_GAP)
        self.at += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        self.skip(_GAP)
        while self.text[self.at] != "}":
            self.pair(path)
            self.skip(_GAP)
            if self.text[self.at] == ",":
                self.at += 1
                self.skip(_GAP)
        self.at += 1

    @property
    def line(self) -> int:
        return bisect.bisect_left(self.breaks, self.at) + 1

    def skip(self, pattern: re.Pattern[str]) -> None:
        self.take(pattern)

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        assert match is not None, "a text that tomllib accepts"  # noqa: S101
        self.at = match.end()
        return match[0]
