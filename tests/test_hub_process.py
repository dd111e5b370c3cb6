"""A hub as deployers run it: a process that comes up, says so, serves, and goes down when told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fake_platform import SECRET, FakePlatform
from tests.hub_process import HubFailed, HubProcess
from tests.nursery import Nursery

SETTINGS = """
[lines.shop]
greeting = {{ enabled = false }}
off_hours = {{ text = "" }}
bot = {{ use = "echo" }}

[bots.echo]
kind = "scripted"
script = [{{ on = "Do you have tea?", say = ["We do."] }}]

[channels.hook]
kind = "webhook"
line = "shop"
secret = "{secret}"
url = "{url}"
"""


def settings(platform: FakePlatform) -> str:
    return SETTINGS.format(secret=SECRET, url=platform.url)


async def test_a_hub_answers_and_what_it_knows_outlives_a_kill(tmp_path: Path) -> None:
    async with FakePlatform() as platform, HubProcess(tmp_path, settings(platform)) as hub:
        hook = f"{hub.address}/hooks/hook"
        # Given a customer whose question was answered
        assert await platform.write(hook, "ivan", "1", "Do you have tea?") == "stored"
        (reply,) = await platform.wait_for(1)
        assert (reply["chat"], reply["kind"], reply["text"]) == ("ivan", "text", "We do.")
        # When the hub is killed and started again
        await hub.kill()
        await hub.start()
        # Then it knows the message still, and serves on
        assert await platform.write(hook, "ivan", "1", "Do you have tea?") == "duplicate"
        assert await platform.write(hook, "ivan", "2", "Do you have tea?") == "stored"
        await platform.wait_for(2)
        assert platform.refused == []


async def test_a_hub_whose_settings_are_wrong_fails_with_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(HubFailed, match=r"ended with exit code 2 before it was ready[\s\S]*lines\.shop"):
        async with HubProcess(tmp_path, "[lines.shop]\nnmae = 'Shop'\n"):
            pass


async def test_the_nursery_starts_the_same_program(tmp_path: Path) -> None:
    log = tmp_path / "log"
    (tmp_path / "settings.toml").write_text("[lines.shop]\nnmae = 'Shop'\n")
    with Nursery() as spawn:
        process = spawn(["check", str(tmp_path / "settings.toml")], log)
        assert process.wait(20) == 2
        assert process.poll() == 2
    assert "nmae" in log.read_text()


async def test_what_the_nursery_started_ends_with_it(tmp_path: Path) -> None:
    async with FakePlatform() as platform:
        with Nursery() as spawn:
            hub = HubProcess(tmp_path, settings(platform), spawn=spawn)
            await hub.start()
            process = hub.process
            assert process is not None
            assert process.poll() is None
        with pytest.raises(ProcessLookupError):
            process.send_signal(0)
