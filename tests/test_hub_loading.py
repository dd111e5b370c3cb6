"""Loading and opening: a plugin that cannot be had is named, tried again where that may help, and hurts only itself."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openlines.api import (
    Connector,
    Delivery,
    Link,
    NotReady,
    Rejected,
    Settings,
    hookimpl,
)
from openlines.runtime import plugins
from openlines.testing import VirtualClock

from tests.hub import (
    SECOND_CHANNEL,
    SHOP,
    Messenger,
    deliveries,
    entries_of,
    hang,
    hub_of,
    let_pass,
    other,
    raising,
    reply,
    returning,
    states,
    turns,
    why,
)

# -- loading -------------------------------------------------------------------------------------------------------


def distribution(folder: Path, name: str, source: str, requires: str = "openlines") -> None:
    """An installed plugin, as far as Python can tell."""
    (folder / f"{name}.py").write_text(source)
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\nRequires-Dist: {requires}\n")
    (info / "entry_points.txt").write_text(f"[openlines]\n{name} = {name}\n")


PROVIDES = """
from openlines.api import Connector, Settings, hookimpl

class Pigeon(Connector[Settings]):
    kind = "pigeon"
    settings_model = Settings
    def open(self, link): ...

@hookimpl
def openlines_connectors():
    return [Pigeon]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place where plugins are installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for module in set(sys.modules) - before:
        if getattr(sys.modules[module], "__file__", None) == str(folder / f"{module}.py"):
            del sys.modules[module]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("raise RuntimeError('no such library')", "RuntimeError: no such library"),
        ("import sys; sys.exit('I do not like it here')", "SystemExit: I do not like it here"),
        ("def broken(:", "SyntaxError"),
        (PROVIDES.replace("return [Pigeon]", "return None"), "TypeError"),
        (PROVIDES.replace("openlines_connectors", "openlines_conectors"), "PluginValidationError"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_named_and_its_neighbours_are_loaded(
    site: Path, source: str, error: str
) -> None:
    distribution(site, "badapple", source)
    loaded = plugins.load({"badapple", "loopback"})
    (broken,) = loaded.broken
    assert (broken.name, broken.distribution, broken.version) == ("badapple", "badapple", "1.2")
    assert error in broken.error
    assert set(loaded.connectors) == {"loopback"}


def test_of_two_plugins_of_one_kind_the_second_is_told_who_was_first(site: Path) -> None:
    distribution(site, "apigeon", PROVIDES)
    both = "return [type('Dove', (Pigeon,), {'kind': 'dove'}), Pigeon]"
    distribution(site, "zpigeon", PROVIDES.replace("return [Pigeon]", both))
    loaded = plugins.load({"apigeon", "zpigeon"})
    assert [(plugin.name, plugin.error) for plugin in loaded.broken] == [
        ("zpigeon", "ValueError: connectors 'pigeon' is provided by apigeon already")
    ]
    assert set(loaded.connectors) == {"pigeon"}, "nothing of a broken plugin is used"


def test_a_plugin_for_another_core_is_not_even_imported(site: Path) -> None:
    distribution(site, "future", "raise AssertionError('imported')", requires="openlines>=99")
    loaded = plugins.load({"future"})
    (broken,) = loaded.broken
    assert "needs openlines >=99" in broken.error
    assert "future" not in sys.modules


def test_a_requirement_of_an_extra_that_nobody_asked_for_does_not_count(site: Path) -> None:
    distribution(site, "fine", PROVIDES, requires='openlines>=99; extra == "tomorrow"')
    assert plugins.load({"fine"}).broken == []


class Unmakeable:
    """A plugin whose class cannot be made."""

    @hookimpl
    def openlines_connectors(self) -> list[type[Connector[Any]]]:
        class Post(Connector[Settings]):
            kind = "post"
            settings_model = Settings

            def __init__(self, settings: Settings) -> None:
                raise OSError("certificate not found")

            def open(self, link: Link) -> Any:
                raise AssertionError("never made")

        return [Post]


async def test_a_connector_that_cannot_be_made_is_shown_and_the_others_serve(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP + SECOND_CHANNEL, Unmakeable(), good := other()) as hub:
        await hub.settled()
        assert states(hub) == {"post": "rejected", "other": "open"}
        assert "certificate not found" in why(hub, "post")
        assert not (await good.write("zoe", "Hello", channel="other")).duplicate


# -- opening -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (OSError("no route to host"), "OSError: no route to host"),
        (NotReady("come back later"), "NotReady: come back later"),
        (SystemExit(3), "PluginFault: it tried to end the process"),
        (asyncio.CancelledError(), "PluginFault: it raised CancelledError"),
    ],
)
async def test_a_channel_that_fails_to_open_waits_and_is_tried_again(
    tmp_path: Path, fault: BaseException, words: str
) -> None:
    clock, post, good = VirtualClock(), Messenger(), other()
    post.opening = raising(fault)
    async with hub_of(tmp_path, SHOP + SECOND_CHANNEL, post, good, clock=clock) as hub:
        await hub.settled()
        assert states(hub) == {"post": "waiting", "other": "open"}
        assert words in why(hub, "post")
        await good.write("zoe", "Hello", channel="other")
        post.opening = returning(None)
        await let_pass(hub, clock, 2)
        assert states(hub)["post"] == "open"


async def test_a_channel_that_hangs_while_opening_holds_up_nobody_and_not_the_stop(tmp_path: Path) -> None:
    clock, post, good = VirtualClock(), Messenger(), other()
    post.opening = hang
    async with asyncio.timeout(5):
        async with hub_of(tmp_path, SHOP + SECOND_CHANNEL, post, good, clock=clock) as hub:
            await turns()
            assert states(hub) == {"post": "starting", "other": "open"}
            await good.write("zoe", "Hello", channel="other")
            await clock.advance(30)
            assert states(hub)["post"] == "waiting"
            assert "30 s" in why(hub, "post")
            await clock.advance(1.5)  # it hangs once more while the hub stops


async def test_a_channel_that_is_refused_for_good_is_not_tried_again_and_its_messages_fail(tmp_path: Path) -> None:
    clock, post = VirtualClock(), Messenger()
    async with hub_of(tmp_path, SHOP, post, clock=clock) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")
    post.opening, post.opened = raising(Rejected("the token was revoked")), 0
    async with hub_of(tmp_path, SHOP, post, clock=clock) as hub:
        await hub.settled()
        await let_pass(hub, clock, 3600)
        assert states(hub)["post"] == "rejected"
        message = await reply(hub, "Hello?")
        await hub.settled()
        assert (await deliveries(hub))[-1] == ("failed", "rejected")
        failed = next(e for e in await entries_of(hub, "ivan") if isinstance(e, Delivery) and e.message == message)
        assert "the token was revoked" in failed.reason


async def test_a_connection_that_is_lost_is_opened_again_with_growing_pauses(tmp_path: Path) -> None:
    clock, lost = VirtualClock(), asyncio.Event()

    class Fragile(Messenger):
        @hookimpl
        def openlines_connectors(self) -> list[type[Connector[Any]]]:
            messenger = self

            class Post(Connector[Settings]):
                kind = "post"
                settings_model = Settings

                @asynccontextmanager
                async def open(self, link: Link) -> AsyncIterator[Messenger]:
                    messenger.opened += 1
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(break_when_told())
                        yield messenger

            return [Post]

    async def break_when_told() -> None:
        await lost.wait()
        raise OSError("connection reset")

    post = Fragile()
    async with hub_of(tmp_path, SHOP, post, clock=clock) as hub:
        await hub.settled()
        assert states(hub)["post"] == "open"
        lost.set()
        await let_pass(hub, clock, 60)
        assert 5 <= post.opened <= 8, "1, 2, 4, 8, 16 s: a connection that opens and breaks at once has not recovered"
        lost.clear()
        await let_pass(hub, clock, 180)
        assert states(hub)["post"] == "open"
        lost.set()
