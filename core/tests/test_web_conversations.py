"""What an agent's screen asks of the staff API, from sign-in to the end of a conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openlines.api import Record
from openlines.domain.messages import Content, File

from core.tests.web_hub import Shop, open_shop, problem


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path) as shop:
        yield shop


async def test_a_conversation_from_the_offer_to_the_end(shop: Shop) -> None:
    number = await shop.customer_writes("Do you deliver to Oslo?")
    await shop.offer("anna")
    anna = await shop.sign_in("anna")

    [row] = (await anna.read("conversations?view=mine"))["items"]
    assert row["number"] == number
    assert row["status"] == "waiting"
    assert row["offered"] == ["anna"]
    assert row["channel_kind"] == "livechat"
    assert row["preview"] == "Do you deliver to Oslo?"
    assert row["preview_by"] == "customer"
    assert {"accept", "decline", "reply"} <= set(row["actions"])

    accepted = await anna.post(f"conversations/{number}/accept")
    assert (accepted.status, await accepted.json()) == (
        200,
        {"status": "done", "conversation": number, "message": None},
    )
    replied = await (await anna.post(f"conversations/{number}/reply", {"text": "We do."})).json()
    assert replied["message"]

    detail = await anna.read(f"conversations/{number}")
    assert detail["conversation"]["status"] == "awaiting_customer"
    assert detail["conversation"]["responsible"] == "anna"
    assert detail["customer"]["phone"] == "+15550100"
    assert detail["customer"]["conversations"] == 1

    await anna.post(f"conversations/{number}/note", {"text": "asks about Oslo", "mentions": ["mila"]})
    page = await anna.read(f"conversations/{number}/entries")
    told = [(entry["kind"], entry["body"].get("content", {}).get("text")) for entry in page["items"]]
    assert ("Message", "Do you deliver to Oslo?") in told
    assert ("Message", "We do.") in told
    assert ("Noted", "asks about Oslo") in told
    assert "Notice" not in [kind for kind, _ in told]
    assert [entry["seq"] for entry in page["items"]] == sorted(entry["seq"] for entry in page["items"])

    finished = await anna.post(f"conversations/{number}/finish", {"solved": True})
    assert finished.status == 200


async def test_entries_are_paged_backwards(shop: Shop) -> None:
    for index in range(7):
        number = await shop.customer_writes(f"line {index}")
    await shop.offer("anna")
    anna = await shop.sign_in("anna")
    seen: list[int] = []
    before = 0
    while before is not None:
        page = await anna.read(f"conversations/{number}/entries?limit=3&before={before}")
        assert len(page["items"]) <= 3
        seen = [entry["seq"] for entry in page["items"]] + seen
        before = page["before"]
    assert seen == sorted(set(seen))
    assert len(seen) >= 8  # seven lines and at least the offer


async def test_lists_are_paged_without_gaps_or_repeats(shop: Shop) -> None:
    numbers = [await shop.customer_writes("hello", chat=f"chat-{index}") for index in range(5)]
    boris = await shop.sign_in("boris")
    for view, expected in (("queue", numbers), ("open", numbers[::-1])):
        seen: list[int] = []
        cursor = ""
        while cursor is not None:
            page = await boris.read(f"conversations?view={view}&limit=2&cursor={cursor}")
            seen += [row["number"] for row in page["items"]]
            cursor = page["next"]
        assert seen == expected, view


async def test_everybody_sees_what_is_theirs(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    await shop.offer("anna")
    anna, boris, carla, mila = [await shop.sign_in(name) for name in ("anna", "boris", "carla", "mila")]
    # While it waits it is open to the whole queue, and to those who see everything.
    assert await anna.numbers("mine") == [number]
    assert await boris.numbers("mine") == []
    assert await boris.numbers("queue") == [number]
    assert await mila.numbers("open") == [number]
    assert await carla.numbers("open") == []
    # Once Anna has it, it is hers.
    await anna.post(f"conversations/{number}/accept")
    assert await boris.numbers("open") == []
    assert await mila.numbers("open") == [number]
    assert (await problem(await boris.get(f"conversations/{number}")))["code"] == "denied"
    assert (await problem(await boris.get(f"conversations/{number}/entries")))["code"] == "denied"
    # A late accept hears that it is late, not that it is forbidden.
    late = await problem(await boris.post(f"conversations/{number}/accept"))
    assert (late["status"], late["code"]) == (409, "already_taken")
    # Somebody from elsewhere may not.
    assert (await problem(await carla.post(f"conversations/{number}/reply", {"text": "hi"})))["code"] == "denied"


async def test_counters_agree_with_the_lists(shop: Shop) -> None:
    await shop.customer_writes("one", chat="a")
    await shop.offer("anna", chat="a")
    second = await shop.customer_writes("two", chat="b")
    await shop.customer_writes("three", chat="c", channel="help")
    anna = await shop.sign_in("anna")
    await anna.post(f"conversations/{second}/reply", {"text": "yes?"})
    await shop.customer_writes("still there?", chat="b")
    for name in ("anna", "boris", "carla", "mila"):
        staff = await shop.sign_in(name)
        lists = {view: len(await staff.numbers(view)) for view in ("mine", "queue", "waiting", "open")}
        assert await staff.read("counters") == lists, name
    assert await anna.read("counters") == {"mine": 2, "queue": 1, "waiting": 1, "open": 2}


async def test_closed_ones_are_history(shop: Shop) -> None:
    number = await shop.customer_writes("spam spam")
    await shop.offer("anna")
    anna, boris, mila = [await shop.sign_in(name) for name in ("anna", "boris", "mila")]
    assert (await anna.post(f"conversations/{number}/spam")).status == 200
    assert await anna.numbers("closed") == [number]
    assert await anna.numbers("mine") == []
    assert await boris.numbers("closed") == []
    assert await mila.numbers("closed") == [number]
    gone = await problem(await anna.post(f"conversations/{number}/transfer", {"to": "boris"}))
    assert (gone["status"], gone["code"]) == (409, "not_open")


async def test_an_old_conversation_does_not_open_the_next_one(shop: Shop) -> None:
    first = await shop.customer_writes("first matter")
    await shop.offer("anna")
    anna, boris = await shop.sign_in("anna"), await shop.sign_in("boris")
    await anna.post(f"conversations/{first}/reply", {"text": "hello"})
    await anna.post(f"conversations/{first}/spam")
    second = await shop.customer_writes("second matter, private")
    await boris.post(f"conversations/{second}/reply", {"text": "I listen"})

    def texts(page: dict[str, list[dict[str, dict[str, dict[str, str]]]]]) -> list[str]:
        return [entry["body"]["content"]["text"] for entry in page["items"] if "content" in entry["body"]]

    # Boris reads what came before; Anna does not read on in what is not hers.
    assert "first matter" in texts(await boris.read(f"conversations/{second}/entries"))
    told = texts(await anna.read(f"conversations/{first}/entries"))
    assert "first matter" in told
    assert "second matter, private" not in told


async def test_the_same_key_is_the_same_request(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    anna = await shop.sign_in("anna")
    key = {"Idempotency-Key": "0192-abc"}
    first = await (await anna.post(f"conversations/{number}/reply", {"text": "once"}, headers=key)).json()
    again = await (await anna.post(f"conversations/{number}/reply", {"text": "once"}, headers=key)).json()
    assert first == again
    page = await anna.read(f"conversations/{number}/entries")
    said = [e for e in page["items"] if e["kind"] == "Message" and e["body"]["author"]["kind"] == "agent"]
    assert len(said) == 1
    bad = await problem(await anna.post(f"conversations/{number}/accept", headers={"Idempotency-Key": "a b"}))
    assert (bad["status"], bad["field"]) == (422, "Idempotency-Key")


async def test_refusals_name_the_field(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    anna = await shop.sign_in("anna")
    await anna.post(f"conversations/{number}/accept")
    wrong = await problem(await anna.post(f"conversations/{number}/transfer", {"to": "nobody"}))
    assert (wrong["status"], wrong["code"], wrong["field"]) == (422, "invalid", "to")


async def test_what_a_row_shows_of_messages_without_text(shop: Shop) -> None:
    await shop.customer_writes("", content=Content(files=(File(name="bill.pdf", url="https://x.example/bill.pdf"),)))
    await shop.customer_writes("", chat="long", content=Content(text="word " * 100))
    anna = await shop.sign_in("anna")
    previews = [row["preview"] for row in (await anna.read("conversations?view=queue"))["items"]]
    assert previews[0] == "bill.pdf"
    assert len(previews[1]) == 140
    assert previews[1].endswith("…")


async def test_the_crm_is_shown_to_who_may_read_it(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    shop.hub.crm = [("main", Record(id="7", kind="deal", name="Sofa", timeline=("called",)))]
    anna = await shop.sign_in("anna")
    [record] = (await anna.read(f"conversations/{number}/records"))["items"]
    assert record["crm"] == "main"
    assert record["name"] == "Sofa"
    assert record["timeline"] == ["called"]


async def test_a_hub_without_room_says_when_to_come_back(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    anna = await shop.sign_in("anna")
    shop.hub.full = True
    response = await anna.post(f"conversations/{number}/accept")
    assert (await problem(response))["code"] == "not_ready"
    assert int(response.headers["Retry-After"]) > 0


async def test_what_is_not_there(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    assert (await problem(await anna.get("conversations/999999")))["status"] == 404
    assert (await problem(await anna.post("conversations/999999/accept")))["status"] == 404
    assert (await problem(await anna.get("conversations/99999999999999999999")))["status"] == 404
    assert (await problem(await anna.get("conversations/zero")))["status"] == 404
    assert (await problem(await anna.get("conversations?cursor=bm9wZQ")))["field"] == "cursor"
    assert (await problem(await anna.get("conversations?cursor=%ff%fe")))["field"] == "cursor"
    assert (await problem(await anna.get("conversations?limit=0")))["field"] == "limit"
    assert (await problem(await anna.get("conversations?page=2")))["field"] == "page"
