"""What the hub promises those who write to it and those who read from it, kept under load and across restarts."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path

from openlines.api import (
    Content,
    Customer,
    CustomerDeleted,
    CustomerEdited,
    CustomerReceived,
    CustomerTyping,
    CustomerWrote,
    Deleted,
    Delivery,
    Edited,
    Message,
    Story,
)
from openlines.domain.events import Decline, Reply
from openlines.runtime import feed
from openlines.runtime.feed import FeedBatch, Subscription
from openlines.runtime.hub import Hub
from openlines.runtime.records import Kept, thread_id
from openlines.testing import VirtualClock

from tests.hub import QUIET, Messenger, entries_of, hub_of

SHOP = f"""
[lines.shop]
queue.members = ["anna"]
{QUIET}
[channels.post]
kind = "post"
line = "shop"
[agents.anna]
email = "anna@shop.example"
"""
IVAN = thread_id("post", "ivan")


def wrote(text: str, id: str, chat: str = "ivan") -> CustomerWrote:  # noqa: A002
    return CustomerWrote(chat=chat, id=id, customer=Customer(id=chat), content=Content(text=text))


async def said(hub: Hub, chat: str) -> list[str]:
    return [entry.content.text for entry in await entries_of(hub, chat) if isinstance(entry, Message)]


# -- nothing doubled --------------------------------------------------------------------------------------------


async def test_the_same_message_is_kept_once_however_often_and_however_it_comes(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        await hub.settled()
        link = post.links["post"]
        first, again = await link.receive(wrote("Hello", "m1"), wrote("Hello", "m1"))
        (later,) = await link.receive(wrote("Hello", "m1"))
        at_once = await asyncio.gather(*(link.receive(wrote("Anyone?", "m2")) for _ in range(32)))
        assert (first.duplicate, again.duplicate, later.duplicate) == (False, True, True)
        assert first.message == again.message == later.message != ""
        assert Counter(stored.duplicate for (stored,) in at_once) == {False: 1, True: 31}
        assert len({stored.message for (stored,) in at_once}) == 1
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        await hub.settled()
        (after,) = await post.links["post"].receive(wrote("Hello", "m1"))
        assert (after.duplicate, after.message) == (True, first.message)
        assert await said(hub, "ivan") == ["Hello", "Anyone?"]


async def test_the_same_id_in_another_chat_is_another_message(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        await hub.settled()
        stored = await post.links["post"].receive(wrote("Hello", "1", "ivan"), wrote("Hello", "1", "zoe"))
        assert [one.duplicate for one in stored] == [False, False]


async def test_edits_receipts_and_deletions_count_once(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        hub.people.connect("anna")
        await hub.settled()
        link = post.links["post"]
        await link.receive(wrote("Helo", "m1"))
        decided = await hub.ask(Reply(thread=IVAN, by="anna", content=Content(text="Good day")))
        await hub.settled()
        (sent,) = [entry for entry in await entries_of(hub, "ivan") if isinstance(entry, Delivery)]
        edit = CustomerEdited(chat="ivan", id="m1", content=Content(text="Hello"), version="2")
        read = CustomerReceived(chat="ivan", id=sent.external, state="read")
        gone = CustomerDeleted(chat="ivan", id="m1")
        for _ in range(3):
            await link.receive(edit, read, gone)
        await link.receive(CustomerReceived(chat="ivan", id=sent.external, state="delivered"))
        told = await entries_of(hub, "ivan")
        assert len([entry for entry in told if isinstance(entry, Edited)]) == 1
        assert len([entry for entry in told if isinstance(entry, Deleted)]) == 1
        states = [entry.state for entry in told if isinstance(entry, Delivery) and entry.message == decided.message]
        assert states == ["sent", "read"], "a receipt that says less than is known says nothing"


async def test_a_request_is_done_once_and_answered_alike_also_after_a_restart(tmp_path: Path) -> None:
    asked = Reply(thread=IVAN, by="anna", content=Content(text="Good day"), request="key-1")
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")
        answers = [await hub.ask(asked), *await asyncio.gather(*(hub.ask(asked) for _ in range(8)))]
        await hub.settled()
        assert post.texts("ivan") == ["Good day"]
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        await hub.settled()
        answers.append(await hub.ask(asked))
        await hub.settled()
        assert post.sent == []
    assert answers[0].status == "done"
    assert answers == [answers[0]] * 10


async def test_a_request_repeated_while_the_desk_thinks_gets_the_same_answer(tmp_path: Path) -> None:
    settings = SHOP.replace('["anna"]', '["anna", "boris"]') + '[agents.boris]\nemail = "boris@shop.example"\n'
    async with hub_of(tmp_path, settings, post := Messenger()) as hub:
        for agent in ("anna", "boris"):
            hub.people.connect(agent)
        await hub.settled()
        await post.write("ivan", "Hello")
        await hub.settled()
        decline = Decline(thread=IVAN, by="anna", request="no")
        answers = await asyncio.gather(*(hub.ask(decline) for _ in range(5)))
        assert {answer.status for answer in answers} == {"done"}
        assert await hub.reader.parked() == []


# -- order ------------------------------------------------------------------------------------------------------


async def test_thirty_two_writers_at_once_keep_their_order_in_every_chat(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        await hub.settled()

        async def write(writer: int) -> None:
            dice = random.Random(writer)
            for n in range(15):
                chat = dice.choice(("common", f"own-{writer}"))
                stored = await post.write(chat, f"{writer}:{n}")
                assert not stored.duplicate

        await asyncio.gather(*(write(writer) for writer in range(32)))
        chats = ["common", *(f"own-{writer}" for writer in range(32))]
        texts = {chat: await said(hub, chat) for chat in chats if await said(hub, chat)}
        assert sum(map(len, texts.values())) == 32 * 15
        for chat, told in texts.items():
            for writer in range(32):
                mine = [int(text.split(":")[1]) for text in told if text.startswith(f"{writer}:")]
                assert mine == sorted(mine), f"writer {writer} was overtaken by itself in {chat}"


async def test_what_is_reported_together_is_answered_in_the_same_order(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        await hub.settled()
        typing = CustomerTyping(chat="ivan", text="Hel")
        stored = await post.links["post"].receive(typing, wrote("Hello", "1"), typing, wrote("Hello", "1"))
        assert [(one.duplicate, bool(one.message)) for one in stored] == [
            (False, False),
            (False, True),
            (False, False),
            (True, True),
        ]


# -- the feed ---------------------------------------------------------------------------------------------------


async def take(subscription: Subscription, messages: int) -> list[Kept]:
    """What comes until so many messages have come; the cursor moves along."""
    kept: list[Kept] = []
    async with asyncio.timeout(10):
        async for batch in subscription:
            kept += batch.entries
            subscription.cursor = batch.cursor
            if len(texts_of(kept)) >= messages:
                break
    return kept


def texts_of(kept: list[Kept]) -> list[str]:
    return [each.entry.content.text for each in kept if isinstance(each.entry, Message)]


async def test_a_watcher_that_comes_back_gets_exactly_what_it_missed(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        await hub.settled()
        await post.write("ivan", "0")  # opens the conversation, so that each further message is one entry
        await hub.settled()
        async with hub.feed.subscribe(None) as first, hub.feed.subscribe(None) as second:
            assert first.reset, "a new client must fetch what is there"
            for n in range(1, 4):
                await post.write("ivan", f"{n}")
            seen = await take(first, 3)
            assert texts_of(await take(second, 3)) == texts_of(seen) == ["1", "2", "3"]
            cursor = first.cursor
        for n in range(4, 7):
            await post.write(f"chat{n % 2}", f"{n}")
        await hub.settled()
        async with hub.feed.subscribe(cursor) as again:
            assert not again.reset
            await post.write("ivan", "7")
            missed = await take(again, 4)
            assert sorted(texts_of(missed)) == ["4", "5", "6", "7"]
            assert len({(each.partition, each.n) for each in missed}) == len(missed), "nothing twice"
            cursor = again.cursor
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        await hub.settled()
        async with hub.feed.subscribe(cursor) as restarted:
            assert not restarted.reset
            await post.write("ivan", "8", id="eight")
            assert texts_of(await take(restarted, 1)) == ["8"]


async def test_watchers_that_come_and_go_under_traffic_miss_nothing_and_see_nothing_twice(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        await hub.settled()
        async with hub.feed.subscribe(None) as origin:
            cursor = origin.cursor
        enough = asyncio.Event()

        async def traffic() -> int:
            for n in range(150):
                await post.write(f"chat{n % 7}", f"{n}")
            enough.set()
            return 150

        async def watch(seed: int) -> list[Kept]:
            dice, place, seen = random.Random(seed), cursor, list[Kept]()
            while len(texts_of(seen)) < 150:
                async with hub.feed.subscribe(place) as subscription:
                    assert not subscription.reset
                    async for batch in subscription:
                        seen += batch.entries
                        place = batch.cursor
                        if dice.random() < 0.3 or len(texts_of(seen)) >= 150:
                            break
            return seen

        async with asyncio.timeout(30):
            _written, *watched = await asyncio.gather(traffic(), *(watch(seed) for seed in range(3)))
        for seen in watched:
            assert sorted(map(int, texts_of(seen))) == list(range(150))
            for partition in {each.partition for each in seen}:
                assert all(a.n < b.n for a, b in pairwise(each for each in seen if each.partition == partition))


async def test_a_cursor_that_is_too_old_or_not_ours_is_a_reset(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        await hub.settled()
        async with hub.feed.subscribe(None) as start:
            cursor = start.cursor
        link = post.links["post"]
        await link.receive(*(wrote(f"{n}", f"{n}") for n in range(feed.REACH + 10)))
        await hub.settled()
        ahead = feed.encode_cursor(dict.fromkeys(range(64), 10**9))
        for old in (cursor, ahead, "nonsense", "!"):
            async with hub.feed.subscribe(old) as subscription:
                assert subscription.reset, old
                await post.write("zoe", "now")
                assert "now" in texts_of(await take(subscription, 1)), "what comes from now on comes"


async def test_a_watcher_that_does_not_read_is_ended_before_its_gap() -> None:
    subscription = Subscription("start", reset=False)
    for n in range(feed.BACKLOG + 5):
        subscription.push(FeedBatch(f"{n}"))
    seen = []
    async for batch in subscription:
        seen.append(batch.cursor)
        subscription.push(FeedBatch("behind the gap"))
    assert seen == [f"{n}" for n in range(feed.BACKLOG)]
    assert subscription.overrun


# -- a customer's own screen ------------------------------------------------------------------------------------


async def test_a_screen_that_follows_a_busy_chat_misses_and_repeats_nothing(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        await hub.settled()
        link = post.links["post"]
        await link.receive(*(wrote(f"{n}", f"{n}") for n in range(250)))

        async def follow(after: int, wanted: int) -> list[Story]:
            seen: list[Story] = []
            async for page in link.follow("ivan", after):
                seen += page
                if len(seen) >= wanted:
                    break
            return seen

        async def traffic() -> None:
            for n in range(250, 400):
                await link.receive(wrote(f"{n}", f"{n}"), wrote("elsewhere", f"{n}", "zoe"))

        middle = (await link.history("ivan", limit=150))[0].seq
        async with asyncio.timeout(30):
            whole, second, half, _done = await asyncio.gather(
                follow(0, 400), follow(0, 400), follow(middle, 299), traffic()
            )
        for seen, first in ((whole, 0), (second, 0), (half, 101)):
            said = [each.entry.content.text for each in seen if isinstance(each.entry, Message)]
            assert said == [f"{n}" for n in range(first, 400)]


async def test_a_screen_that_cannot_keep_up_reads_on_from_the_store(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
        await hub.settled()
        link, many = post.links["post"], feed.BACKLOG + 200
        await link.receive(wrote("0", "0"))
        following = link.follow("ivan", 0)
        seen = list(await anext(following))
        # Given a screen that takes nothing while much more happens than may wait for it
        waiting = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0)
        for start in range(1, many, 100):
            await link.receive(*(wrote(f"{n}", f"{n}") for n in range(start, min(start + 100, many))))
        seen += await waiting
        async with asyncio.timeout(30):
            while len(seen) < many:
                seen += await anext(following)
        assert [each.entry.content.text for each in seen if isinstance(each.entry, Message)] == [
            f"{n}" for n in range(many)
        ]
        await following.aclose()  # type: ignore[attr-defined]


async def test_the_history_is_paged_without_gap_or_overlap(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger(), clock=VirtualClock()) as hub:
        await hub.settled()
        link = post.links["post"]
        for n in range(57):
            await link.receive(wrote(f"{n}", f"{n}"), wrote("elsewhere", f"{n}", "zoe"))
        pages: list[list[Story]] = []
        while page := await link.history("ivan", before=pages[-1][0].seq if pages else 0, limit=10):
            pages.append(page)
        assert [len(page) for page in pages] == [10, 10, 10, 10, 10, 7]
        told = [each for page in reversed(pages) for each in page]
        assert [each.entry.content.text for each in told if isinstance(each.entry, Message)] == [
            f"{n}" for n in range(57)
        ]
