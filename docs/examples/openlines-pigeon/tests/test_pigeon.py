"""What a connector's author tests: a fact comes in, a message goes out, a failure is named. No hub, no network."""

from pathlib import Path

import pytest
from openlines.api import Content, NotReady, Outgoing, Sender
from openlines.testing import FakeService, MemoryLink, served
from openlines_pigeon import Pigeon, PigeonSettings

LETTER = {"id": "1", "loft": "tower", "text": "Hello"}


def pigeon(url: str = "https://api.pigeon.example/letters") -> Pigeon:
    return Pigeon(PigeonSettings.model_validate({"token": "coo", "url": url}))


def reply(text: str) -> Outgoing:
    return Outgoing(id="m1", chat="tower", conversation=1, content=Content(text=text), sender=Sender(kind="bot"))


async def test_a_letter_that_lands_twice_is_one_message(tmp_path: Path) -> None:
    async with MemoryLink(tmp_path, id="roof") as link, served(pigeon(), link) as hub:
        for _ in range(2):
            answer = await link.http.post(f"{hub}/hooks/roof/", json=LETTER, headers={"X-Token": "coo"})
            assert answer.status == 200
        assert link.texts("tower") == ["Hello"]


async def test_a_stranger_is_sent_away(tmp_path: Path) -> None:
    async with MemoryLink(tmp_path, id="roof") as link, served(pigeon(), link) as hub:
        answer = await link.http.post(f"{hub}/hooks/roof/", json=LETTER, headers={"X-Token": "caw"})
        assert answer.status == 401
        assert link.texts() == []


async def test_a_reply_flies_with_the_key_that_stays_the_same(tmp_path: Path) -> None:
    async with FakeService() as service, MemoryLink(tmp_path) as link, pigeon(service.url).open(link) as channel:
        service.answers(200, {"id": "p7"})
        assert (await channel.send(reply("Good morning"))).external == "p7"
        assert service.requests[0].json() == {"key": "m1", "loft": "tower", "text": "Good morning"}


async def test_a_storm_is_waited_out(tmp_path: Path) -> None:
    async with FakeService() as service, MemoryLink(tmp_path) as link, pigeon(service.url).open(link) as channel:
        service.cuts()
        with pytest.raises(NotReady):
            await channel.send(reply("Good morning"))
