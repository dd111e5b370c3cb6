"""What connectors report is made safe to keep, or refused with words that a connector's author understands."""

from __future__ import annotations

from typing import Any

import pytest
from openlines.api import (
    Content,
    Customer,
    CustomerEdited,
    CustomerRated,
    CustomerReceived,
    CustomerWrote,
    File,
    Incoming,
    Location,
    Rejected,
)
from openlines.runtime.link import LONGEST_TEXT, SHORT_ID, short_id, tidy


def wrote(text: str = "Hello", **fields: Any) -> CustomerWrote:
    content = fields.pop("content", Content(text=text))
    given = {"chat": "c", "id": "1", "customer": Customer(id="c"), **fields}
    return CustomerWrote(content=content, **given)


def tidied(event: CustomerWrote) -> CustomerWrote:
    done = tidy(event)
    assert isinstance(done, CustomerWrote)
    return done


def test_an_ordinary_message_stays_as_it_is() -> None:
    event = wrote("Hello\n\tthere, \U0001f600")
    assert tidied(event) == event


def test_what_no_store_takes_is_taken_out() -> None:
    done = tidied(wrote("a\x00b\x1bc\ud83d", chat="c\x00", customer=Customer(id="c", name="I\x07van")))
    assert (done.content.text, done.chat, done.customer.name) == ("abc", "c", "Ivan")


def test_a_long_id_is_kept_as_its_hash_and_always_as_the_same() -> None:
    long = "x" * (SHORT_ID + 1)
    done = tidied(wrote(id=long))
    assert done.id == short_id(long) != long
    assert len(done.id) == 64
    edited = tidy(CustomerEdited(chat="c", id=long, content=Content(text="?"), version="v" * 500))
    assert isinstance(edited, CustomerEdited)
    assert (edited.id, len(edited.version)) == (done.id, 64)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (wrote(""), "needs a text"),
        (wrote(id=""), "needs the platform's id"),
        (wrote("x" * (LONGEST_TEXT + 1)), "at most 100000"),
        (wrote(chat="c" * 2000), "the chat's id"),
        (wrote(content=Content(files=(File(name="a"),) * 51)), "51 files"),
        (wrote(content=Content(location=Location(float("nan"), 1))), "cannot be kept"),
        (wrote(content=Content(location=Location("50", 1))), "cannot be kept"),  # type: ignore[arg-type]
        (CustomerRated(chat="c", id="1", value="love"), "like or dislike"),  # type: ignore[arg-type]
        (CustomerReceived(chat="c", id="1", state="seen"), "delivered or read"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_kept_is_refused(event: Incoming, words: str) -> None:
    with pytest.raises(Rejected, match=words):
        tidy(event)


@pytest.mark.parametrize("fields", [{"id": 7}, {"chat": 7}, {"customer": Customer(id="c", name=None)}])  # type: ignore[arg-type]
def test_a_wrong_type_is_an_error_of_the_connector_and_reaches_no_store(fields: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        tidy(wrote(**fields))


def test_a_flag_that_is_no_flag_is_one_in_the_end() -> None:
    assert tidied(wrote(group="yes")).group is True


def test_only_web_addresses_are_links() -> None:
    script = File(name="a", url="javascript:alert(1)")
    page = File(name="b", url="https://shop.example/b")
    assert [file.url for file in tidied(wrote(content=Content(files=(script, page)))).content.files] == [
        "",
        "https://shop.example/b",
    ]
