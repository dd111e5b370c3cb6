"""Where a key stands: the locator against documents whose lines are known, and against whatever tomllib accepts."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from openlines.settings.positions import Path, positions


def test_every_way_to_write_a_key_is_found() -> None:
    text = """\
# a comment with [brackets] and "quotes
[server]
port = 8080

[lines.shop]   # a header with a comment
name = "Shop"
queue.members = [
  "anna",      # the first
  # nobody
  "boris"
]
bot = { use = "greeter", transfer_key = '0' }

["lines"."the other".queue]
idle_time = "5m"

[[rules]]
when = 1979-05-27 07:32:00
[rules.deep]
x = [[1, 2], [
  3]]
[[rules]]
text = \"\"\"
two "" lines = [
\"\"\"
after = '''it's'''
"""
    found = positions(text)

    assert found["server",] == 2
    assert found["server", "port"] == 3
    assert found["lines", "shop"] == 5
    assert found["lines", "shop", "queue"] == 7
    assert found["lines", "shop", "queue", "members", 0] == 8
    assert found["lines", "shop", "queue", "members", 1] == 10
    assert found["lines", "shop", "bot", "transfer_key"] == 12
    assert found["lines", "the other", "queue", "idle_time"] == 15
    assert found["rules", 0, "when"] == 18
    assert found["rules", 0, "deep", "x", 1, 0] == 21
    assert found["rules", 1] == 22
    assert found["rules", 1, "after"] == 26


def test_a_tables_own_header_wins_over_a_subtables_before_it() -> None:
    assert positions("[a.b]\nx = 1\n\n[a]\ny = 2\n")["a",] == 4


def test_lines_that_end_as_on_windows_count_once() -> None:
    assert positions("[a]\r\nb = '''\r\n'''\r\nc = 1\r\n")["a", "c"] == 4


@pytest.mark.parametrize(
    "string",
    ['""', "''", '""""""', "''''''", '"""a"""', '""""a""""', '"""\\""""', "'''a''''", '"\\\\"', '"\\""', '"""""a"""""'],
)
def test_strings_with_quotes_at_their_ends(string: str) -> None:
    text = f"a = {string}\nb = 1\n"

    assert tomllib.loads(text)["b"] == 1
    assert positions(text) == {("a",): 1, ("b",): 2}


# -- property: documents that we write ourselves ----------------------------------------------------------------

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\x7f"), max_size=8)
KEYS = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True), WORDS)
VALUES = st.recursive(
    st.one_of(
        WORDS, st.integers(-9, 9), st.booleans(), st.sampled_from(["two\nlines", 'quo"te\nhere', "#no\ncomment"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=4), max_size=4)


class Writer:
    """Writes a document in one of many styles, and notes the line of all it writes."""

    def __init__(self, choose: Any) -> None:
        self.choose = choose
        self.text = ""
        self.lines: dict[Path, int] = {}

    def note(self, path: Path) -> None:
        self.lines[path] = self.text.count("\n") + 1

    def document(self, document: dict[str, dict[str, Any]]) -> str:
        for name, table in document.items():
            self.text += self.choose(["", "\n", "# [x]\n\n"])
            self.note((name,))
            self.text += f"[{self.key(name)}]\n"
            for key, value in table.items():
                self.text += self.choose(["", "  ", "\n", "#\n"])
                self.note((name, key))
                self.text += f"{self.key(key)}{self.choose(['=', ' = '])}"
                self.value(value, (name, key))
                self.text += self.choose(["\n", " # '\n"])
        return self.text

    def key(self, key: str) -> str:
        plain = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
        return key if plain and self.choose([True, False]) else json.dumps(key, ensure_ascii=False)

    def value(self, value: Any, path: Path) -> None:
        match value:
            case bool():
                self.text += str(value).lower()
            case int():
                self.text += str(value)
            case str() if "\n" in value and self.choose([True, False]):
                self.text += '"""' + value.replace("\\", "\\\\").replace('"', '\\"') + '"""'
            case str():
                self.text += json.dumps(value, ensure_ascii=False)
            case list():
                self.text += "["
                for index, item in enumerate(value):
                    self.text += self.choose(["", " ", "\n  ", "  # ]\n"])
                    self.note((*path, index))
                    self.value(item, (*path, index))
                    self.text += "," if index + 1 < len(value) else self.choose(["", ",", "\n"])
                self.text += "]"
            case dict():
                self.text += "{"
                for index, (key, item) in enumerate(value.items()):
                    self.text += ", " if index else " "
                    self.note((*path, key))
                    self.text += f"{self.key(key)} = "
                    self.value(item, (*path, key))
                self.text += " }"


@limits(deadline=None)  # the machine may be busy
@given(document=DOCUMENTS, data=st.data())
def test_all_that_is_written_is_found_on_its_line(document: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    writer = Writer(lambda choices: data.draw(st.sampled_from(choices)))
    text = writer.document(document)

    assert tomllib.loads(text) == document
    assert positions(text) == writer.lines


# -- property: whatever tomllib accepts -------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    ["a", "b", "'c'", '"d.e"', ".", "=", "= 1", '= "x"', "= [", "]", "[", "[[", "]]", "{", "}", ",", "\n", "\n", "\n",
     " ", "= { a = 1 }", "= [1, [2]]", '= """', '"""', "'''", "# x", "1979-05-27", "\n[a]\n", "\n[[b]]\n", "\n[a.b]\n"]
)  # fmt: skip


def paths(value: Any, path: Path = ()) -> set[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path for path in [path] if path} | {found for key, each in inner for found in paths(each, (*path, key))}


@limits(deadline=None)  # the machine may be busy
@given(st.lists(FRAGMENTS, max_size=14).map("".join))
def test_nothing_that_tomllib_accepts_is_lost(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return

    assert positions(text).keys() == paths(document)
