"""What staff find: messages and files by their words, lists by filters. Over HTTP, as a screen asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from openlines.domain.events import CustomerDeleted
from openlines.domain.messages import Content, File

from core.tests.web_hub import Shop, Staff, open_shop, problem


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path) as shop:
        yield shop


async def found(staff: Staff, words: str, more: str = "") -> list[str]:
    """The excerpts found, with what was looked for between brackets."""
    page = await staff.read(f"search?q={quote(words)}{more}")
    return [marked(item["excerpt"]) for item in page["items"]]


def marked(parts: list[dict[str, Any]]) -> str:
    return "".join(f"[{part['text']}]" if part["found"] else part["text"] for part in parts)


# -- search -----------------------------------------------------------------------------------------------------


async def test_a_message_is_found_as_soon_as_it_is_said(shop: Shop) -> None:
    number = await shop.customer_writes("When does my sofa come?")
    anna = await shop.sign_in("anna")
    [item] = (await anna.read("search?q=sofa"))["items"]
    assert marked(item["excerpt"]) == "When does my [sofa] come?"
    assert item["conversation"] == number
    assert item["kind"] == "Message"
    assert item["author_kind"] == "customer"
    assert item["customer_name"] == "Customer chat-1"
    entries = (await anna.read(f"conversations/{number}/entries"))["items"]
    assert item["id"] in [entry["id"] for entry in entries]

    await anna.post(f"conversations/{number}/reply", {"text": "The sofas come on Monday."})
    assert await found(anna, "SOFA") == ["The [sofas] come on Monday.", "When does my [sofa] come?"]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Где мой заказ?", "ЗАКАЗ"),
        ("Ёлка ещё у вас?", "елка еще"),
        ("Grüße aus der Straße", "grusse strasse"),
        ("Ein Sofa, bitte", "sof"),
        ("mail me at zoe.king@shop.example", "zoe.king@shop.example"),
        ("order no. 4711-22", '"4711-22"'),
        ("crème brûlée", "creme brulee"),
        ("<b>sofa</b>", "<b>sofa"),
    ],
)
async def test_case_marks_and_endings_do_not_matter(shop: Shop, said: str, asked: str) -> None:
    await shop.customer_writes(said)
    anna = await shop.sign_in("anna")
    assert len(await found(anna, asked)) == 1


@pytest.mark.parametrize(
    "hostile",
    ['"', '""', "*", "a*", "-sofa", "NOT", "AND OR", "text:sofa", "{text} : x", "NEAR(a b, 2)", "^sofa", "(", "sofa)",
     "sofa' OR 1=1 --", "\x00", "sofa\x00x", "%", "\\", "\u0301", "🙂", "ａ", "+", "text_index", "a" * 200, '"' * 200],
)  # fmt: skip
async def test_whatever_is_typed_is_only_words(shop: Shop, hostile: str) -> None:
    await shop.customer_writes("quite another thing")
    anna = await shop.sign_in("anna")
    for parameter in ("search?q=", "conversations?view=all&text=", "conversations?view=all&file="):
        response = await anna.get(parameter + quote(hostile))
        assert response.status == 200, await response.text()
        assert (await response.json())["items"] == []


async def test_what_is_no_search_is_refused(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    for query, field in (
        ("q=", "q"),
        ("", "q"),
        (f"q={'a' * 201}", "q"),
        (f"q={quote('a ' * 20)}", "q"),
        ("q=a&cursor=nope", "cursor"),
        ("q=a&where=notes", "where"),
        ("q=a&limit=0", "limit"),
        ("q=a&limit=10&limit=20", "limit"),
        ("q=a&said_from=inf", "said_from"),
        ("q=a&said_from=yesterday", "said_from"),
        ("q=a&status=lost", "status.0"),
    ):
        told = await problem(await anna.get(f"search?{query}"))
        assert (told["status"], told["field"]) == (422, field), query
    told = await problem(await anna.get(f"conversations?text={quote('a ' * 20)}"))
    assert (told["status"], told["field"]) == (422, "text")
    assert (await problem(await (await shop.browser()).get("search?q=a")))["status"] == 401


async def test_nobody_finds_what_they_may_not_read(shop: Shop) -> None:
    number = await shop.customer_writes("the secret sofa")
    anna, boris, carla, mila = [await shop.sign_in(name) for name in ("anna", "boris", "carla", "mila")]
    assert await found(boris, "sofa")  # it waits in his queue
    assert await found(carla, "sofa") == []
    await anna.post(f"conversations/{number}/accept")
    await anna.post(f"conversations/{number}/note", {"text": "sofa is a code word"})
    assert len(await found(anna, "sofa")) == 2
    assert len(await found(mila, "sofa")) == 2
    assert await found(boris, "sofa") == []
    await anna.post(f"conversations/{number}/transfer", {"to": "carla"})
    assert len(await found(carla, "sofa")) == 2


async def test_a_search_is_narrowed_as_lists_are(shop: Shop) -> None:
    await shop.customer_writes("a sofa here", chat="a")
    first = shop.clock.now()
    await shop.customer_writes("a sofa there", chat="b", channel="help")
    olga = await shop.sign_in("olga")
    assert await found(olga, "sofa", "&line=shop") == ["a [sofa] here"]
    assert await found(olga, "sofa", "&channel=help,other") == ["a [sofa] there"]
    assert await found(olga, "sofa", "&line=shop&line=support") == ["a [sofa] there", "a [sofa] here"]
    assert await found(olga, "sofa", f"&said_from={first + 0.5}") == ["a [sofa] there"]
    assert await found(olga, "sofa", f"&said_to={first + 0.5}") == ["a [sofa] here"]
    assert await found(olga, "sofa", "&status=closed") == []
    assert await found(olga, "sofa", "&agent=anna") == []


async def test_files_are_found_by_their_names(shop: Shop) -> None:
    bill = File(name="Bill_4711.pdf", url="https://x.example/bill")
    await shop.customer_writes("", content=Content(text="as promised", files=(bill,)))
    anna = await shop.sign_in("anna")
    [item] = (await anna.read("search?q=4711&where=files"))["items"]
    assert item["files"] == ["Bill_4711.pdf"]
    assert marked(item["excerpt"]) == "as promised"
    assert await found(anna, "4711", "&where=text") == []


async def test_what_a_customer_takes_back_is_found_no_more(shop: Shop) -> None:
    await shop.customer_writes("my pin is parrot")
    anna = await shop.sign_in("anna")
    assert await found(anna, "parrot")
    await shop.hub.publish(CustomerDeleted(channel="site", chat="chat-1", id="m1", at=shop.clock.now()))
    assert await found(anna, "parrot") == []


async def test_pages_of_a_search(shop: Shop) -> None:
    for n in range(7):
        await shop.customer_writes(f"sofa {n}", chat=f"chat-{n}")
    anna = await shop.sign_in("anna")
    seen: list[str] = []
    more = ""
    while True:
        page = await anna.read(f"search?q=sofa&limit=3{more}")
        assert page["complete"]
        seen += [marked(item["excerpt"]) for item in page["items"]]
        if page["next"] is None:
            break
        more = f"&cursor={page['next']}"
        await shop.customer_writes("another sofa", chat="busy")
    assert seen == [f"[sofa] {n}" for n in range(6, -1, -1)]


# -- filters ----------------------------------------------------------------------------------------------------


async def numbers(staff: Staff, query: str) -> list[int]:
    return [row["number"] for row in (await staff.read(f"conversations?{query}"))["items"]]


async def test_lists_are_narrowed(shop: Shop) -> None:
    one = await shop.customer_writes("first", chat="a")
    two = await shop.customer_writes("second", chat="b")
    three = await shop.customer_writes("third", chat="c", channel="help")
    anna, olga = await shop.sign_in("anna"), await shop.sign_in("olga")
    await anna.post(f"conversations/{one}/accept")
    await anna.post(f"conversations/{one}/pin", {"on": True})
    await anna.post(f"conversations/{one}/rate", {"score": 4})
    await olga.post(f"conversations/{one}/rate", {"score": 4})
    await olga.post(f"conversations/{two}/spam")
    now = shop.clock.now()

    everything = {one, two, three}
    for query, expected in (
        ("", everything),
        ("line=shop", {one, two}),
        ("line=shop,support", everything),
        ("channel=help", {three}),
        ("status=closed", {two}),
        ("status=closed,waiting", {two, three}),
        ("agent=anna", {one}),
        ("agent=boris", set()),
        ("department=sales", {one}),
        ("department=nobody", set()),
        ("department=sales&agent=boris", set()),
        ("pinned=true", {one}),
        ("pinned=false", {two, three}),
        ("unanswered=true", set()),
        ("late=false", everything),
        ("supervisor_rating=4,5", {one}),
        ("supervisor_rating=1", set()),
        ("rating=like", set()),
        (f"created_to={now}", {one, two}),
        (f"created_from={now}", {three}),
        ("closed_from=0", {two}),
        (f"closed_to={now + 1}", {two}),
        ("text=second", {two}),
        ("text=second&line=support", set()),
    ):
        if "department=sales" in query:
            await olga.post("agents/anna", {"departments": ["sales"]}, method="PATCH")
        found = await numbers(olga, f"view=all&{query}")
        assert set(found) == expected, query
        assert len(found) == len(expected)
    assert set(await numbers(olga, "view=closed&status=waiting")) == set()
    assert await numbers(anna, "pinned=true") == [one]  # of her own, as ever


async def test_filters_show_nothing_that_is_not_yours(shop: Shop) -> None:
    number = await shop.customer_writes("hello", channel="help")
    anna, carla = await shop.sign_in("anna"), await shop.sign_in("carla")
    assert await numbers(carla, "view=all&text=hello") == [number]
    for query in ("", "line=support", "text=hello", "status=waiting", "channel=help"):
        assert await numbers(anna, f"view=all&{query}") == []


async def test_what_is_no_filter_is_refused(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    for query, field in (
        ("status=lost", "status.0"),
        ("rating=meh", "rating.0"),
        ("supervisor_rating=6", "supervisor_rating.0"),
        ("late=perhaps", "late"),
        ("created_from=nan", "created_from"),
        ("created_from=-1", "created_from"),
        (f"text={'a' * 201}", "text"),
        ("line=" + ",".join("x" * 51), "line"),
        ("view=mine&view=open", "view"),
        ("colour=red", "colour"),
    ):
        told = await problem(await anna.get(f"conversations?{query}"))
        assert (told["status"], told["field"]) == (422, field), query


async def test_a_row_has_room_for_response_times(shop: Shop) -> None:
    await shop.customer_writes("hello")
    [row] = (await (await shop.sign_in("anna")).read("conversations?view=all"))["items"]
    times = ("first_response", "total_response", "average_response", "longest_response")
    assert [row[name] for name in times] == [0, 0, 0, 0]
    assert row["late"] is False


async def test_narrowed_pages_hold_each_conversation_once(shop: Shop) -> None:
    made = [await shop.customer_writes("hello", chat=f"chat-{n}") for n in range(9)]
    olga = await shop.sign_in("olga")
    seen: list[int] = []
    cursor = ""
    while cursor is not None:
        page = await olga.read(f"conversations?view=all&line=shop&status=waiting&limit=2&cursor={cursor}")
        seen += [row["number"] for row in page["items"]]
        cursor = page["next"]
        await shop.customer_writes("me too", chat=f"new-{len(seen)}")
    assert seen == made[::-1]
