"""kill -9 at any moment: nothing acknowledged is lost, nothing is doubled inside, order stays, every answer goes out.

Given customers who write without a pause and send again what was not acknowledged,
when the hub is killed again and again at moments drawn by lot and started on the same data,
then its store holds each message once and in order, and the platform has got each answer, in order.

`OPENLINES_KILLS` sets how often (200). A failing run is repeated by its seed; the moments are not, so the log tells.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pytest

from tests.fake_platform import SECRET, FakePlatform
from tests.hub_process import HubProcess
from tests.nursery import Nursery

SEEDS = (1, 2)  # two tests, for two cores
KILLS = int(os.environ.get("OPENLINES_KILLS", "200")) // len(SEEDS)
CHATS = 12
LONGEST_LIFE = 0.12  # seconds from ready to killed
KILLED_WHILE_STARTING = 0.1  # of all kills
SENT_TWICE = 0.05  # of all acknowledged messages: platforms do that
QUESTIONS = 9

SETTINGS = """
[lines.shop]
name = "Shop"
bot = {{ use = "greeter", transfer_after = 0 }}
greeting = {{ enabled = false }}
off_hours = {{ text = "" }}

[bots.greeter]
kind = "scripted"
script = [{script}]

[channels.hook]
kind = "webhook"
line = "shop"
secret = "{secret}"
url = "{url}"
"""


def question(n: int) -> str:
    return f"question {n % QUESTIONS}"


def answer(n: int) -> str:
    return f"answer {n % QUESTIONS}"


@dataclass
class Customer:
    """Writes message 0, 1, 2, ... of one chat, each until it is acknowledged."""

    chat: str
    acknowledged: int = 0
    """How many messages."""
    repeated: int = 0
    """How often a message had to be sent again."""
    unkept: list[str] = field(default_factory=list)
    """Promises that the hub's answers broke."""

    def id(self, n: int) -> str:
        return f"{self.chat}-{n}"

    async def write(self, platform: FakePlatform, hook: str, enough: asyncio.Event, dice: random.Random) -> None:
        while not enough.is_set():
            n = self.acknowledged
            while not await platform.write(hook, self.chat, self.id(n), question(n)):
                self.repeated += 1
                await asyncio.sleep(0.04)  # it is down
            self.acknowledged += 1
            if dice.random() < SENT_TWICE:
                again = await platform.write(hook, self.chat, self.id(n), question(n))
                if again == "stored":
                    self.unkept.append(f"{self.id(n)} was acknowledged and stored once more")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", SEEDS)
async def test_kill_9_loses_nothing_and_doubles_nothing(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    customers = [Customer(f"chat{n}") for n in range(CHATS)]

    with Nursery() as spawn:
        async with FakePlatform() as platform, HubProcess(tmp_path, settings(platform.url), spawn=spawn) as hub:
            await kill_under_load(hub, platform, customers, dice)
            await all_answered(platform, customers)

    lived = Lived.read(hub.database)
    deliveries = Counter(message["id"] for message in platform.received)
    doubled = sum(times > 1 for times in deliveries.values())
    print(
        f"seed {seed}: {KILLS} kills, {sum(c.acknowledged for c in customers)} messages, "
        f"{sum(c.repeated for c in customers)} sent again, {doubled} answers got out more than once"
    )
    assert platform.refused == [], "the hub signed wrongly"
    assert lived.parked == 0, "sound messages were parked"
    assert lived.owing == [], "settled threads still owe commands"
    for customer in customers:
        numbers = range(customer.acknowledged)
        assert customer.unkept == []
        assert lived.written[customer.chat] == [customer.id(n) for n in numbers], "each message once, in order"
        assert lived.answered[customer.chat] == [answer(n) for n in numbers], "each answered once, in order"
        # A send that was cut off is tried again before the next one: repetitions stand side by side.
        got = [message for message in platform.received if message["chat"] == customer.chat]
        assert [next(same)["text"] for _, same in groupby(got, lambda m: m["id"])] == [answer(n) for n in numbers]
        assert len(got) - customer.acknowledged <= KILLS, "at most one send of a chat is under way when a hub is killed"


async def kill_under_load(
    hub: HubProcess, platform: FakePlatform, customers: list[Customer], dice: random.Random
) -> None:
    """Until so many kills have happened; the hub runs at the end, and every customer's last message is acknowledged."""
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for customer in customers:
            own = random.Random(dice.random())
            tasks.create_task(customer.write(platform, f"{hub.address}/hooks/hook", enough, own))
        for _ in range(KILLS):
            await asyncio.sleep(dice.uniform(0, LONGEST_LIFE))
            await hub.kill()
            hub.launch()
            if dice.random() >= KILLED_WHILE_STARTING:
                await hub.ready()
        await hub.ready()
        enough.set()


async def all_answered(platform: FakePlatform, customers: list[Customer], within: float = 60) -> None:
    """Wait for what is under way; what does not come is told by the comparison that follows."""
    wanted = sum(customer.acknowledged for customer in customers)
    deadline = asyncio.get_running_loop().time() + within
    while len({message["id"] for message in platform.received}) < wanted:
        if asyncio.get_running_loop().time() > deadline:
            return
        await asyncio.sleep(0.05)


def settings(url: str) -> str:
    script = ", ".join(f'{{ on = "{question(n)}", say = ["{answer(n)}"] }}' for n in range(QUESTIONS))
    return SETTINGS.format(script=script, secret=SECRET, url=url)


@dataclass
class Lived:
    """What the store of a stopped hub tells."""

    written: dict[str, list[str]]
    """Per chat, the platform's ids of the customers' messages, as they stand in the story."""
    answered: dict[str, list[str]]
    """Per chat, the bot's texts."""
    parked: int
    owing: list[str]

    @classmethod
    def read(cls, database: Path) -> Lived:
        story = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        try:
            written, answered = defaultdict(list), defaultdict(list)
            rows = story.execute(
                "SELECT chat, external, body FROM entries JOIN threads ON threads.id = entries.thread"
                " WHERE kind = 'Message' ORDER BY entries.thread, n"
            )
            for chat, external, body in rows:
                message = json.loads(body)
                if message["author"]["kind"] == "customer":
                    written[chat].append(external)
                else:
                    answered[chat].append(message["content"]["text"])
            (parked,) = story.execute("SELECT count(*) FROM parked").fetchone()
            owing = [chat for (chat,) in story.execute("SELECT chat FROM threads WHERE owes")]
            return cls(written, answered, parked, owing)
        finally:
            story.close()
