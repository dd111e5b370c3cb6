"""Words: what a search asks for, whatever is typed, and where a text answers it."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openlines.runtime.text_index import _query
from openlines.runtime.words import (
    EXCERPT,
    LOOKED_AT,
    MOST_WORDS,
    Phrase,
    TooManyWords,
    asked,
    excerpt,
    holds,
    indexed,
    plain,
)

TYPED = st.text(max_size=60) | st.text(alphabet='ab ёй"*-:()^{}+AND OR NOT NEAR\0', max_size=60)


@pytest.mark.parametrize(
    ("typed", "phrases"),
    [
        ("order", [Phrase(("order",), open=True)]),
        ("my order", [Phrase(("my",)), Phrase(("order",), open=True)]),
        ('"my order"', [Phrase(("my", "order"))]),
        ('"my order', [Phrase(("my",)), Phrase(("order",), open=True)]),
        ("zoe@shop.example", [Phrase(("zoe", "shop", "example"), open=True)]),
        ("«Ёлка» Straße", [Phrase(("елка",), open=True), Phrase(("strasse",), open=True)]),
        ("this OR that", [Phrase(("this",), open=True), Phrase(("or",)), Phrase(("that",), open=True)]),
        ("!!! 🙂 *", []),
    ],
)
def test_what_is_typed_becomes_words(typed: str, phrases: list[Phrase]) -> None:
    assert list(asked(typed)) == phrases


def test_so_many_words_and_no_more() -> None:
    assert len(asked("a " * MOST_WORDS)) == MOST_WORDS
    with pytest.raises(TooManyWords):
        asked("a " * (MOST_WORDS + 1))
    with pytest.raises(TooManyWords):
        asked(f'"{"a " * (MOST_WORDS + 1)}"')


@pytest.mark.parametrize(
    ("text", "compared"),
    [
        ("Müller", "muller"),
        ("Mu\u0308ller", "muller"),
        ("STRAẞE", "strasse"),
        ("Ёлка", "елка"),
        ("йод", "йод"),
        ("и\u0306од", "йод"),
        ("crème brûlée", "creme brulee"),
        ("Ångström", "angstrom"),
    ],
)
def test_case_and_marks_do_not_matter(text: str, compared: str) -> None:
    assert plain(text) == compared


@given(TYPED, st.text(max_size=400))
@example("ab", "ab " * 200)
def test_an_excerpt_says_what_the_text_says(typed: str, text: str) -> None:
    try:
        phrases = asked(typed)
    except TooManyWords:
        return
    parts = excerpt(text, phrases)
    said = "".join(part.text for part in parts)
    assert said.strip("…") in " ".join(text.split()) or "…" in text
    assert len(said) <= EXCERPT + 2
    assert any(part.found for part in parts) == holds(" ".join(text.split()), phrases)


def test_an_excerpt_begins_a_little_before_the_first_place() -> None:
    text = "one two three " * 40 + "here is the parcel you asked for " + "and so on " * 40
    parts = excerpt(text, asked("parcel"))
    assert [part.text for part in parts if part.found] == ["parcel"]
    assert parts[0].text == "…"
    assert parts[1].text.endswith("here is the ")
    assert parts[-1].text.endswith("…")


def test_the_end_of_a_very_long_text_is_found_by_the_index_and_not_marked() -> None:
    text = "word " * LOOKED_AT + "parcel"
    parts = excerpt(text, asked("parcel"))
    assert not any(part.found for part in parts)
    assert parts[0].text.startswith("word word")


def test_phrases_are_marked_whole_and_words_by_their_beginning() -> None:
    parts = excerpt("Zwei Sofas: das rote Sofa, das grüne.", asked('"ROTE sofa" grun das'))
    assert [part.text for part in parts if part.found] == ["das", "rote Sofa", "das", "grüne"]


INDEX = sqlite3.connect(":memory:", isolation_level=None)
INDEX.execute("CREATE VIRTUAL TABLE f USING fts5(text, tokenize='unicode61 remove_diacritics 2')")


@given(TYPED, st.text(alphabet="abёйüß é.-_🙂İ½²", max_size=40))
def test_sqlite_takes_whatever_is_typed_and_finds_what_is_marked(typed: str, text: str) -> None:
    try:
        phrases = asked(typed)
    except TooManyWords:
        return
    if not phrases:
        return
    INDEX.execute("DELETE FROM f")
    INDEX.execute("INSERT INTO f VALUES (?)", (indexed(text),))
    found = INDEX.execute("SELECT 1 FROM f WHERE f MATCH ?", (_query(phrases, "anywhere"),)).fetchone() is not None
    assert found == all(holds(text, [phrase]) for phrase in phrases)
