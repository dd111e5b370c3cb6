"""The generic wire format: what is read, what is written, what is refused and how that is said."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openlines.api import (
    Button,
    ContactCard,
    Content,
    Customer,
    File,
    Location,
    Outgoing,
    Sender,
)
from openlines_webhook import wire
from openlines_webhook.wire import BadSignature, Faulty

SECRET = "0123456789abcdef"
NOW = 1_795_424_400.0


# -- signature ----------------------------------------------------------------------------------------------------


def test_the_signature_is_hmac_sha256_of_time_dot_body() -> None:
    # Worked out with `printf '1795424400.{"text":"hi"}' | openssl dgst -sha256 -hmac 0123456789abcdef`.
    assert (
        wire.sign(SECRET, b'{"text":"hi"}', NOW)
        == "t=1795424400,v1=b491fee1657481140f3f9a51eb59c2b87a4161c8ad64df13b4195baf78760b09"
    )


@given(st.binary(), st.integers(-300, 300))
def test_what_is_signed_is_believed_for_five_minutes(body: bytes, seconds: int) -> None:
    wire.verify(SECRET, wire.sign(SECRET, body, NOW), body, NOW + seconds)


@pytest.mark.parametrize("seconds", [301, -301, 86_400])
def test_a_stale_signature_is_refused(seconds: int) -> None:
    with pytest.raises(BadSignature, match="stale"):
        wire.verify(SECRET, wire.sign(SECRET, b"{}", NOW), b"{}", NOW + seconds)


def test_one_changed_byte_spoils_the_signature() -> None:
    header = wire.sign(SECRET, b'{"text":"10 euro"}', NOW)
    with pytest.raises(BadSignature, match="does not match"):
        wire.verify(SECRET, header, b'{"text":"99 euro"}', NOW)


def test_the_time_cannot_be_moved_without_the_secret() -> None:
    signature = wire.sign(SECRET, b"{}", NOW - 1000).partition(",")[2]
    with pytest.raises(BadSignature, match="does not match"):
        wire.verify(SECRET, f"t={int(NOW)},{signature}", b"{}", NOW)


def test_another_secret_is_refused() -> None:
    with pytest.raises(BadSignature, match="does not match"):
        wire.verify("another secret!!", wire.sign(SECRET, b"{}", NOW), b"{}", NOW)


@pytest.mark.parametrize(
    "header",
    ["", "t=1,v1=ab", "v1=" + "a" * 64, f"t=١,v1={'a' * 64}", f"t=1,v1={'A' * 64}", f"t=1,v1={'a' * 64}\n", "x" * 9000],
)
def test_a_header_of_another_form_is_refused(header: str) -> None:
    with pytest.raises(BadSignature, match=wire.SIGNATURE):
        wire.verify(SECRET, header, b"{}", NOW)


# -- in -----------------------------------------------------------------------------------------------------------


def body(**changes: Any) -> bytes:
    fields = {"chat": "c1", "id": "m1", "text": "Hello"} | changes
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def test_a_whole_message_is_read() -> None:
    wrote = wire.parse(
        body(
            customer={"id": "u1", "name": "Ivan", "phone": "+393471234567", "email": "ivan@example.org"},
            files=[{"url": "https://files.example/price.pdf", "name": "price.pdf", "type": "application/pdf"}],
            at="2026-11-23T10:00:00+01:00",
        )
    )
    assert (wrote.chat, wrote.id) == ("c1", "m1")
    assert wrote.customer == Customer(id="u1", name="Ivan", phone="+393471234567", email="ivan@example.org")
    assert wrote.content == Content(
        text="Hello",
        files=(File(name="price.pdf", type="application/pdf", url="https://files.example/price.pdf"),),
    )
    assert wrote.sent_at == datetime(2026, 11, 23, 9, tzinfo=UTC).timestamp()


def test_the_smallest_message_is_its_customers_own() -> None:
    wrote = wire.parse(body())
    assert (wrote.customer, wrote.sent_at) == (Customer(id="c1"), 0.0)


def test_a_file_may_come_without_words_and_without_a_name() -> None:
    wrote = wire.parse(body(text=..., files=[{"url": "https://files.example/a/price.pdf?x=1"}]))
    assert wrote.content.files[0].name == "price.pdf"


def test_text_is_cleaned_and_keeps_its_lines() -> None:
    wrote = wire.parse(body(text="one\r\ntwo\rthree\tfour\x00\x07\x1b[31m \x7f🙂 مرحبا"))
    assert wrote.content.text == "one\ntwo\nthree\tfour[31m 🙂 مرحبا"


def test_names_are_one_line() -> None:
    assert (
        wire.parse(body(customer={"id": "u1", "name": " Ivan\n\x00the  Terrible "})).customer.name
        == "Ivan the Terrible"
    )


def test_the_longest_text_is_taken_and_one_character_more_is_not() -> None:
    assert len(wire.parse(body(text="й" * wire.MAX_TEXT)).content.text) == wire.MAX_TEXT
    with pytest.raises(Faulty, match="100000"):
        wire.parse(body(text="й" * (wire.MAX_TEXT + 1)))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"chat": ...}, "chat"),
        ({"chat": 5}, "chat"),
        ({"chat": ""}, "chat"),
        ({"chat": "a\x00b"}, "chat"),
        ({"chat": " c1"}, "chat"),
        ({"chat": "c" * 201}, "chat"),
        ({"id": ...}, "id"),
        ({"id": None}, "id"),
        ({"id": "m\n1"}, "id"),
        ({"text": ["a"]}, "text"),
        ({"text": ""}, "text"),
        ({"text": " \x00\n"}, "text"),
        ({"txt": "a"}, "txt"),
        ({"customer": "ivan"}, "customer"),
        ({"customer": {"name": "Ivan"}}, "customer.id"),
        ({"customer": {"id": "u1", "mail": "x"}}, "customer.mail"),
        ({"customer": {"id": "u1", "phone": 39}}, "customer.phone"),
        ({"files": {}}, "files"),
        ({"files": [{"url": "https://a.example/"}, {}]}, "files[1].url"),
        ({"files": [{"url": "javascript:alert(1)"}]}, "files[0].url"),
        ({"files": [{"url": "file:///etc/passwd"}]}, "files[0].url"),
        ({"files": [{"url": "https://"}]}, "files[0].url"),
        ({"files": [{"url": "https://a.example:port/"}]}, "files[0].url"),
        ({"files": [{"url": 'https://a.example/"><script>\n'}]}, "files[0].url"),
        ({"files": [{"url": "https://a.example/"}] * 21}, "files"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2026-11-23T10:00:00"}, "at"),
        ({"at": 1795424400}, "at"),
    ],
)
def test_a_fault_names_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Faulty) as fault:
        wire.parse(body(**changes))
    assert fault.value.field == field
    assert str(fault.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"chat=c1&text=Hello",
        b'{"chat": "c1"',
        b'{"chat":"c1","id":"m1","text":"\xff"}',
        b'{"chat":"c1","id":"m1","text":"\\ud800"}',
        b'{"chat":"c1","id":"m1","text":"\\ud800 half"}',
        b'{"chat":"c1","id":"m1","text":NaN}',
    ],
)
def test_what_is_no_json_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(Faulty, match="must be JSON in UTF-8"):
        wire.parse(raw)


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.text(), lambda inner: st.lists(inner)).map(repr).map(str.encode)
)
def test_nothing_but_a_fault_comes_of_rubbish(raw: bytes) -> None:
    with pytest.raises(Faulty):
        wire.parse(raw)


def test_deep_nesting_is_a_fault() -> None:
    for raw in (b"[" * 100_000, b'{"chat":' + b"[" * 100_000, b'{"x":' + b'{"x":' * 100_000):
        with pytest.raises(Faulty):
            wire.parse(raw)


# -- out ----------------------------------------------------------------------------------------------------------

ANNA = Sender(kind="agent", id="anna", name="Anna", photo="https://hub.example/anna.jpg", title="Sales")


def address(file: File) -> str:
    return file.url or f"https://hub.example/files/{file.id}"


def rendered(content: Content, **more: Any) -> dict[str, Any]:
    message = Outgoing(id="7:3", chat="c1", conversation=12, content=content, sender=ANNA, at=NOW, **more)
    decoded: dict[str, Any] = json.loads(wire.render(message, address))
    return decoded


def test_a_text_is_rendered_whole() -> None:
    assert rendered(Content(text="What?", buttons=(Button("Prices"), Button("A person", value="0")))) == {
        "id": "7:3",
        "chat": "c1",
        "conversation": 12,
        "kind": "text",
        "text": "What?",
        "files": [],
        "buttons": [{"label": "Prices", "value": "Prices"}, {"label": "A person", "value": "0"}],
        "sender": {"kind": "agent", "name": "Anna", "photo": "https://hub.example/anna.jpg", "title": "Sales"},
        "at": "2026-11-23T09:00:00Z",
    }


def test_files_go_by_address_kept_ones_and_others() -> None:
    kept = File(name="a.png", type="image/png", size=5, id="ab12")
    elsewhere = File(name="b.pdf", url="https://files.example/b.pdf")
    body = rendered(Content(text="see", files=(kept, elsewhere)))
    assert (body["kind"], body["text"]) == ("file", "see")
    assert body["files"] == [
        {"url": "https://hub.example/files/ab12", "name": "a.png", "type": "image/png", "size": 5},
        {"url": "https://files.example/b.pdf", "name": "b.pdf", "type": "application/octet-stream", "size": 0},
    ]


def test_places_and_cards_go_along() -> None:
    body = rendered(Content(location=Location(41.9, 12.5), contact=ContactCard(name="Ivan", phone="+39")))
    assert body["location"] == {"latitude": 41.9, "longitude": 12.5}
    assert body["contact"] == {"name": "Ivan", "phone": "+39"}


@pytest.mark.parametrize("kind", ["typing", "rating_request", "form"])
def test_other_kinds_say_what_they_are(kind: str) -> None:
    assert rendered(Content(text="1 or 0?"), kind=kind)["kind"] == kind


def test_a_sender_keeps_their_id_to_themselves() -> None:
    assert "anna" not in json.dumps(rendered(Content(text="Hi"))["sender"]).replace("anna.jpg", "")


# -- answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "external"),
    [
        (b'{"id": "x9"}', "x9"),
        (b'{"id": 9, "more": []}', "9"),
        (b"", ""),
        (b"ok", ""),
        (b"[1]", ""),
        (b'{"id": true}', ""),
        (b'{"id": null}', ""),
        (b'{"id": {"a": 1}}', ""),
        (b'{"id": "a\\u0000"}', ""),
        (b'{"id": "' + b"x" * 201 + b'"}', ""),
        (b'{"id": "\xff"}', ""),
        (b"[" * 50_000, ""),
    ],
)
def test_an_answer_may_name_the_message(answer: bytes, external: str) -> None:
    assert wire.external_id(answer) == external


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("99999999999999999999", 3600.0),
        ("Mon, 23 Nov 2026 09:00:20 GMT", 20.0),
        ("Mon, 23 Nov 2026 08:00:00 GMT", 0.0),
        ("Mon, 23 Nov 2026 09:00:20 -0000", 20.0),
        ("", 5.0),
        ("soon", 5.0),
        ("-1", 5.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_bounded(header: str, seconds: float) -> None:
    assert wire.retry_after(header, NOW) == seconds
