"""A recording of a hub's inputs makes the same conversation again, step by step."""

from __future__ import annotations

from pathlib import Path

from openlines.domain.events import CustomerWrote, FromPlatform
from openlines.domain.state import Thread
from openlines.domain.thread import decide
from openlines.runtime import plugins
from openlines.runtime.recorder import Recorded, read
from openlines.runtime.running import running
from openlines.settings import Kinds, check, parse
from openlines_loopback import Loopback

SETTINGS = """
[server]
data = "{folder}/data"
record = "{folder}/record"
[lines.shop]
queue.members = []
bot.use = "greeter"
[channels.recorded]
kind = "loopback"
line = "shop"
[bots.greeter]
kind = "scripted"
script = [{{ on = "*", say = ["Hello!"] }}]
"""


async def test_a_recording_replays_to_the_state_that_the_hub_had(tmp_path: Path) -> None:
    document = parse(SETTINGS.format(folder=tmp_path), "settings.toml", tmp_path)
    loaded = plugins.load(document.kinds)
    kinds = Kinds(
        channels={kind: each.settings_model for kind, each in loaded.connectors.items()},
        bots={kind: each.settings_model for kind, each in loaded.bots.items()},
        installed=plugins.installed(),
        apps=list(loaded.apps),
    )
    messenger = Loopback.fresh("recorded")
    async with running(check(document, kinds), loaded) as hub:
        await hub.settled()
        for text in ("Hi", "Prices?", "0"):
            await messenger.write("ivan", text)
            await hub.settled()
        policies = hub.policies
        (recording,) = (tmp_path / "record").iterdir()
        inputs = list(read(recording))
        lived = await hub.reader.thread(inputs[0].thread)

    assert lived is not None
    assert recording.stat().st_mode & 0o077 == 0, "a recording holds messages: only its owner may read it"
    replayed = _begun(inputs[0])
    for one in inputs:
        replayed = decide(policies, replayed, one.facts, one.event).thread
    assert replayed == lived


def _begun(first: Recorded) -> Thread:
    event = first.event
    assert isinstance(event, FromPlatform)
    assert isinstance(event, CustomerWrote)
    return Thread(id=first.thread, channel=event.channel, chat=event.chat, customer=event.customer)
