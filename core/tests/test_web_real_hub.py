"""The whole hub behind its web: a platform's webhook in, the desk's offer, an agent's answer out, and a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import argon2
from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer
from openlines.api import (
    Channel,
    Connector,
    Content,
    Customer,
    CustomerWrote,
    Link,
    Outgoing,
    Receipt,
    hookimpl,
)
from openlines.api import Settings as PluginSettings
from openlines.runtime import plugins
from openlines.runtime.hub import Hub
from openlines.runtime.running import running
from openlines.settings import models
from openlines.settings.line import Line, Queue
from openlines.web.app import make_app
from yarl import URL

from core.tests.web_hub import Staff


class Postbox(Connector[PluginSettings]):
    """A platform that is a list."""

    kind = "postbox"
    settings_model = PluginSettings
    sent: asyncio.Queue[Outgoing]

    @asynccontextmanager
    async def open(self, link: Link) -> AsyncIterator[Channel]:
        Postbox.sent = asyncio.Queue()
        yield self

    async def send(self, message: Outgoing, /) -> Receipt:
        await Postbox.sent.put(message)
        return Receipt(external=f"p{message.id}")

    def routes(self, link: Link) -> Iterable[web.RouteDef]:
        async def take(request: web.Request) -> web.Response:
            told = await request.json()
            wrote = CustomerWrote(
                chat=told["chat"], id=told["id"], customer=Customer(id=told["chat"]), content=Content(text=told["text"])
            )
            [stored] = await link.receive(wrote)
            return web.json_response({"status": "duplicate" if stored.duplicate else "stored"})

        return [web.post("", take)]


class Plugin:
    @hookimpl
    def openlines_connectors(self) -> Iterable[type[Connector[Any]]]:
        return [Postbox]


def settings(folder: Path) -> models.Settings:
    return models.Settings(
        server=models.Server(data=str(folder / "data")),
        lines={"shop": Line(queue=Queue(members=("anna",)))},
        channels={
            "post": models.Channel(id="post", kind="postbox", line="shop", title="", active=True, own=PluginSettings())
        },
        agents={"anna": models.Agent(name="Anna", email="anna@shop.example")},
    )


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Hub, Staff]]:
    loaded = plugins.load((), extra=[Plugin()])
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(running(settings(folder), loaded))
        hub.people._hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        server = await stack.enter_async_context(TestServer(make_app(hub)))
        session = ClientSession(server.make_url("/"), cookie_jar=CookieJar(unsafe=True))
        yield hub, Staff(await stack.enter_async_context(session))


async def feed(staff: Staff) -> AsyncIterator[dict[str, Any]]:
    origin = str(staff.session._base_url).rstrip("/")
    async with staff.session.ws_connect("/api/v1/feed", headers={"Origin": origin}) as socket:
        await socket.send_json({"op": "hello", "cursor": None})
        while True:
            yield await socket.receive_json(timeout=10)


async def until(frames: AsyncIterator[dict[str, Any]], status: str) -> dict[str, Any]:
    """The conversation's row once it stands like this."""
    async for frame in frames:
        for row in frame.get("conversations", ()):
            if row["status"] == status and (status != "waiting" or row["offered"]):
                return dict(row)
    raise AssertionError("the feed ended")


async def test_from_a_customers_message_to_the_agents_answer(tmp_path: Path) -> None:
    letter = {"chat": "zoe", "id": "1", "text": "Is the sofa in stock?"}
    async with serving(tmp_path) as (hub, anna):
        await hub.people.set_password("anna", "correct horse")
        await anna.sign_in("anna@shop.example", "correct horse")
        frames = feed(anna)
        assert (await anext(frames))["op"] == "welcome"

        for status in ("stored", "duplicate"):
            response = await anna.session.post("/hooks/post", json=letter)
            assert await response.json() == {"status": status}

        row = await until(frames, "waiting")
        assert row["offered"] == ["anna"]
        assert row["reason"]["words"]
        number = row["number"]
        assert (await anna.post(f"conversations/{number}/accept")).status == 200
        await anna.post(f"conversations/{number}/reply", {"text": "Yes, two of them."})
        await until(frames, "awaiting_customer")
        while "two of them" not in (sent := await Postbox.sent.get()).content.text:
            assert sent.sender.kind == "auto"  # the line greets first
        assert sent.chat == "zoe"
        await frames.aclose()  # type: ignore[attr-defined]
        await hub.settled()

    # The same data, another process: she is still signed in, and the story is whole.
    async with serving(tmp_path) as (_, again):
        cookies = {cookie.key: cookie.value for cookie in anna.session.cookie_jar}
        again.session.cookie_jar.update_cookies(cookies, URL("http://127.0.0.1/"))
        page = await again.read(f"conversations/{number}/entries")
        texts = [e["body"]["content"]["text"] for e in page["items"] if e["kind"] == "Message"]
        assert texts[0] == "Is the sofa in stock?"
        assert texts[-1] == "Yes, two of them."
        states = [e["body"]["state"] for e in page["items"] if e["kind"] == "Delivery"]
        assert "sent" in states
        plugins_told = await (await again.session.get("/-/plugins.json")).json()
        assert [each["instance"] for each in plugins_told["items"]] == ["post"]
