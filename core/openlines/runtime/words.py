"""What a search asks for, and where a text answers it. Pure: the same for every database.

Words are runs of letters and digits; case and diacritics do not matter: ё = е, ü = u, ß = ss, but й is a letter of its
own. An index is given `indexed` text, since databases differ in what they fold: SQLite leaves Cyrillic marks alone.
Nothing that people type is ever part of a query's syntax: what reaches an index are words of our own making.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

OPEN_FROM = 3
"""Letters from which a word also finds longer ones that begin so; shorter ones would find half of everything."""
MOST_WORDS = 16
EXCERPT = 160
"""Characters of a text that a result shows."""
BEFORE = 40
"""Characters of them that stand before the first word found."""
LOOKED_AT = 20_000
"""Characters of a text in which the words are looked for; of what is longer, its beginning is shown."""

_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*")
_BETWEEN = re.compile(r"[\W_]+")
_ASKED = re.compile(r'"([^"]*)"|([^\s"]+)')


class _Unmarked(dict[int, str]):
    """Letters without their marks, each found out once; marks alone are nothing."""

    def __missing__(self, letter: int) -> str:
        bare = _MARK.sub("", unicodedata.normalize("NFD", chr(letter)))
        self[letter] = unicodedata.normalize("NFC", bare)
        return self[letter]


_MARK = re.compile("[\u0300-\u036f]")
_UNMARKED = _Unmarked({ord("й"): "й"})


class TooManyWords(ValueError):
    """A search may ask for so many words only."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow each other; `open` = the last one may go on."""

    words: tuple[str, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an excerpt; `found` = it is what was looked for."""

    text: str
    found: bool = False


def plain(text: str) -> str:
    """The text as it is compared: without case, without marks."""
    return unicodedata.normalize("NFC", text.casefold()).translate(_UNMARKED)


def indexed(text: str) -> str:
    """The words of a text with spaces between them: no index shall take an emoji for a letter, as SQLite's does."""
    return _BETWEEN.sub(" ", plain(text))


def asked(text: str) -> tuple[Phrase, ...]:
    """What a search asks for: all of the phrases, wherever they stand. Raises `TooManyWords`.

    Between double quotes stands a phrase, to be found as it is. Other words may go on: `order` finds `orders`.
    What holds together without a space, as an e-mail address does, is a phrase too.
    """
    phrases = []
    for found in _ASKED.finditer(text):
        quoted = found[1] is not None
        words = tuple(word for _, _, word in _words(found[1] if quoted else found[2]))
        if words:
            phrases.append(Phrase(words, open=not quoted and len(words[-1]) >= OPEN_FROM))
    if sum(len(phrase.words) for phrase in phrases) > MOST_WORDS:
        raise TooManyWords(f"at most {MOST_WORDS} words can be looked for at once")
    return tuple(phrases)


def holds(text: str, phrases: Sequence[Phrase]) -> bool:
    """Whether any of the phrases stands in the text."""
    return bool(_found(text[:LOOKED_AT], phrases))


def excerpt(text: str, phrases: Sequence[Phrase]) -> tuple[Part, ...]:
    """The text around the first phrase that stands in it, in one line; its beginning where none does."""
    line = " ".join(text[:LOOKED_AT].split())
    spans = _found(line, phrases)
    start = max(0, spans[0][0] - BEFORE) if spans and spans[0][1] > EXCERPT else 0
    if start and (space := line.find(" ", start, spans[0][0])) >= 0:
        start = space + 1
    end = min(len(line), start + EXCERPT)
    parts = [Part("…")] if start else []
    place = start
    for first, last in spans:
        if first >= end:
            break
        parts += [Part(line[place:first]), Part(line[first : min(last, end)], found=True)]
        place = min(last, end)
    parts.append(Part(line[place:end] + ("…" if end < len(line) or len(text) > LOOKED_AT else "")))
    return tuple(part for part in parts if part.text)


# -- inside -----------------------------------------------------------------------------------------------------


def _found(text: str, phrases: Sequence[Phrase]) -> list[tuple[int, int]]:
    """Where the phrases stand: from, to; in order, none inside another."""
    words = list(_words(text))
    spans: list[tuple[int, int]] = []
    place = 0
    while place < len(words):
        length = max((len(phrase.words) for phrase in phrases if _stands(words, place, phrase)), default=0)
        if length:
            spans.append((words[place][0], words[place + length - 1][1]))
        place += length or 1
    return spans


def _stands(words: Sequence[tuple[int, int, str]], place: int, phrase: Phrase) -> bool:
    here = words[place : place + len(phrase.words)]
    if len(here) < len(phrase.words):
        return False
    *firsts, last = phrase.words
    if any(word != first for (_, _, word), first in zip(here, firsts, strict=False)):
        return False
    return here[-1][2].startswith(last) if phrase.open else here[-1][2] == last


def _words(text: str) -> Iterator[tuple[int, int, str]]:
    """The words of a text: from, to, and as they are compared."""
    for found in _WORD.finditer(text):
        yield found.start(), found.end(), plain(found[0])
