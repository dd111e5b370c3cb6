"""Stories that need the whole hub: messenger, bot, queue, agents, CRM, clock and store together."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from openlines.api import Content, Message, NotReady
from openlines.domain.events import Accept, Finish, Reply
from openlines.domain.state import Status
from openlines.runtime.hub import Hub
from openlines.runtime.records import thread_id
from openlines.testing import VirtualClock
from openlines_loopback import Loopback

from tests.hub import QUIET, Ledger, Messenger, hub_of, let_pass, thread_of

SHOP = f"""
[lines.shop]
name = "Shop"
queue.members = ["anna", "boris"]
queue.distribution = "%s"
{QUIET}
[channels.tg]
kind = "loopback"
line = "shop"
sender_names = true

[agents.anna]
email = "anna@shop.example"
[agents.boris]
email = "boris@shop.example"
"""
BOT_AND_CRM = """
[lines.shop.bot]
use = "greeter"
[lines.shop.crm]
use = "main"
[bots.greeter]
kind = "scripted"
script = [{ on = "Are you open?", say = ["Until nine."] }]
[crm.main]
kind = "embedded"
"""
IVAN = thread_id("tg", "ivan")


def says(agent: str, text: str, request: str = "") -> Reply:
    return Reply(thread=IVAN, by=agent, content=Content(text=text), request=request)


async def offered(hub: Hub) -> tuple[str, ...]:
    await hub.settled()
    conversation = (await thread_of(hub, "ivan", "tg")).open
    assert conversation is not None
    return conversation.offered


async def test_from_the_bot_to_an_agent_to_a_rating_and_a_lead_with_its_transcript(tmp_path: Path) -> None:
    platform = Loopback.fresh("tg")
    async with hub_of(tmp_path, SHOP % "evenly" + BOT_AND_CRM) as hub:
        hub.people.connect("anna")
        await hub.settled()
        # Given a customer whom the bot answers, and who asks for a person
        await platform.write("ivan", "Are you open?")
        await hub.settled()
        await platform.write("ivan", "0")
        assert await offered(hub) == ("anna",)
        # When an agent accepts, answers and finishes, and the customer is glad
        assert (await hub.ask(Accept(thread=IVAN, by="anna"))).status == "done"
        assert (await hub.ask(says("anna", "Hello Ivan!"))).status == "done"
        assert (await hub.ask(Finish(thread=IVAN, by="anna"))).status == "done"
        await hub.settled()
        await platform.write("ivan", "1")
        await hub.settled()
        assert (await hub.ask(Finish(thread=IVAN, by="anna"))).status == "done"
        await hub.settled()
        # Then the customer has heard all of it in order
        said = platform.texts("ivan")
        assert said[:2] == ["Until nine.", "Hello Ivan!"]
        assert [message.kind for message in platform.sent("ivan")[2:]] == ["message", "rating_request", "message"]
        # And the conversation is closed and rated, nothing is owed, and the lead of its acceptor has the transcript
        thread = await thread_of(hub, "ivan", "tg")
        assert thread.open is None
        assert thread.last is not None
        assert (thread.last.status, thread.last.rating, thread.last.closed_by) == (Status.CLOSED, "like", "agent")
        assert thread.pending == ()
        ((_crm, lead),) = await hub.records(thread, "shop")
        assert (lead.kind, lead.responsible) == ("lead", "anna@shop.example")
        (transcript,) = lead.timeline
        assert "Ivan: Are you open?" in transcript
        assert "Bot: Until nine." in transcript
        assert "anna: Hello Ivan!" in transcript
        assert "rated: like" in transcript


async def test_offered_to_all_exactly_one_accept_wins(tmp_path: Path) -> None:
    platform = Loopback.fresh("tg")
    async with hub_of(tmp_path, SHOP % "all") as hub:
        hub.people.connect("anna")
        hub.people.connect("boris")
        await hub.settled()
        await platform.write("ivan", "Hello")
        assert set(await offered(hub)) == {"anna", "boris"}
        first = await hub.ask(Accept(thread=IVAN, by="boris"))
        second = await hub.ask(Accept(thread=IVAN, by="anna"))
        assert (first.status, second.status, second.code) == ("done", "refused", "already_taken")


async def test_an_offer_nobody_takes_goes_round_the_queue_by_the_clock(tmp_path: Path) -> None:
    platform, clock = Loopback.fresh("tg"), VirtualClock()
    async with hub_of(tmp_path, SHOP % "strictly", clock=clock) as hub:
        hub.people.connect("anna")
        hub.people.connect("boris")
        await hub.settled()
        await platform.write("ivan", "Hello")
        assert await offered(hub) == ("anna",)
        await let_pass(hub, clock, 59.9)
        assert await offered(hub) == ("anna",)
        await let_pass(hub, clock, 0.1)
        assert await offered(hub) == ("boris",)
        await let_pass(hub, clock, 60)
        assert await offered(hub) == ("anna",), "everybody has been asked: the round begins again"


async def test_hours_pass_in_a_moment_and_each_deadline_keeps_its_own(tmp_path: Path) -> None:
    platform, clock = Loopback.fresh("tg"), VirtualClock()
    async with hub_of(tmp_path, SHOP % "evenly", clock=clock) as hub:
        hub.people.connect("anna")
        await hub.settled()
        # Given an agent who has answered
        await platform.write("ivan", "Hello")
        await hub.settled()
        await hub.ask(says("anna", "Good day"))
        answered = clock.now()
        # When the customer is silent for four hours, and for the ten minutes of the closing
        await let_pass(hub, clock, 5 * 3600)
        # Then both deadlines were kept to the second
        last = (await thread_of(hub, "ivan", "tg")).last
        assert last is not None
        assert (last.closed_by, last.finished_at, last.closed_at) == ("timeout", answered + 14_400, answered + 15_000)


async def test_a_deadline_that_came_while_the_hub_was_down_rings_at_the_start(tmp_path: Path) -> None:
    platform, clock = Loopback.fresh("tg"), VirtualClock()
    async with hub_of(tmp_path, SHOP % "evenly", clock=clock) as hub:
        hub.people.connect("anna")
        await hub.settled()
        await platform.write("ivan", "Hello")
        await hub.settled()
        await hub.ask(says("anna", "Good day"))
        await hub.settled()
    await clock.advance(4 * 3600)  # nobody is there to notice
    async with hub_of(tmp_path, SHOP % "evenly", clock=clock) as hub:
        await hub.settled()
        await let_pass(hub, clock, 0.1)
        conversation = (await thread_of(hub, "ivan", "tg")).open
        assert conversation is not None
        assert (conversation.status, conversation.closed_by) == (Status.CLOSING, "timeout")
        # And the messages of before are not said again
        assert platform.texts("ivan").count("Good day") == 1


async def test_who_left_while_the_hub_was_down_leaves_their_conversations_to_the_others(tmp_path: Path) -> None:
    platform = Loopback.fresh("tg")
    async with hub_of(tmp_path, SHOP % "evenly") as hub:
        hub.people.connect("anna")
        await hub.settled()
        await platform.write("ivan", "Hello")
        await hub.settled()
        await hub.ask(Accept(thread=IVAN, by="anna"))
    without_anna = (SHOP % "evenly").replace('"anna", ', "").replace('[agents.anna]\nemail = "anna@shop.example"', "")
    async with hub_of(tmp_path, without_anna) as hub:
        hub.people.connect("boris")
        assert await offered(hub) == ("boris",)


async def test_what_was_owed_at_a_stop_is_done_after_the_next_start(tmp_path: Path) -> None:
    settings = SHOP.replace('kind = "loopback"', 'kind = "post"').replace("sender_names = true", "") % "evenly"
    settings = settings.replace("[channels.tg]", "[channels.post]") + CRM
    ledger, clock = Ledger(), VirtualClock()
    # Given a messenger that is down, an agent's two answers, and a CRM that never opens
    ledger.opening = _down
    async with hub_of(tmp_path, settings, post := Messenger(), ledger, clock=clock) as hub:
        hub.people.connect("anna")
        await hub.settled()
        post.sending = _down
        await post.write("ivan", "Hello")
        await let_pass(hub, clock, 3)
        for text in ("One", "Two"):
            await hub.ask(Reply(thread=thread_id("post", "ivan"), by="anna", content=Content(text=text)))
        await hub.ask(Finish(thread=thread_id("post", "ivan"), by="anna"))
        await hub.settled()
        assert post.sent == []
        owed = {type(command).__name__ for command in (await thread_of(hub, "ivan")).pending}
        assert "Send" in owed
    # When the hub is started again and both are up
    async with hub_of(tmp_path, settings, post := Messenger(), ledger := Ledger(), clock=clock) as hub:
        await hub.settled()
        # Then everything reaches the customer at once, once and in order
        assert post.texts("ivan")[:2] == ["One", "Two"]
        assert len(post.texts("ivan")) == 4, "two answers, goodbye, and the question for a rating"
        # And the lead is made at the latest at the close
        await let_pass(hub, clock, 601)
        assert len(post.texts("ivan")) == 4
        assert (await thread_of(hub, "ivan")).pending == ()
        assert [record.id for record in ledger.records.values()] == ["L1"]
        assert [record for record, _text in ledger.timeline] == ["L1"]


CRM = """
[lines.shop.crm]
use = "main"
[crm.main]
kind = "ledger"
"""


async def _down(*_args: object) -> None:
    raise NotReady("the service is down")


async def test_the_story_is_told_in_the_order_in_which_it_was_kept(tmp_path: Path) -> None:
    platform = Loopback.fresh("tg")
    async with hub_of(tmp_path, SHOP % "evenly") as hub:
        await hub.settled()
        for n in range(30):
            await platform.write("ivan", f"{n}")
        story = await hub.reader.story(IVAN, limit=100)
        texts = [each.entry.content.text for each in story if isinstance(each.entry, Message)]
        assert texts == [f"{n}" for n in range(30)]
        assert all(earlier.seq < later.seq for earlier, later in pairwise(story))
