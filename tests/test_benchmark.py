"""A benchmark that lies is worse than none: loss, repetition and disorder must show, and a sound server must pass."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import ClientSession, web
from pytest_aiohttp.plugin import AiohttpServer

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
CHATS = 50


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Imports a module of the benchmarks as their script does: from beside it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    before = set(sys.modules)
    yield import_module
    for name in set(sys.modules) - before:
        if (file := getattr(sys.modules[name], "__file__", None)) and Path(file).parent == BENCHMARKS:
            del sys.modules[name]


@pytest.fixture
async def load(benchmark: Callable[[str], ModuleType]) -> AsyncIterator[Any]:
    async with benchmark("load").Load(CHATS, "secret") as load:
        yield load


Handler = Callable[[ClientSession, str, dict[str, str]], Awaitable[int]]


async def aim(load: Any, start: AiohttpServer, handle: Handler) -> None:
    """Point the load at a server that does with each message as `handle` says, and answers with its status."""
    target = await load.listen()

    async def hook(request: web.Request) -> web.Response:
        async with ClientSession() as http:
            return web.json_response({}, status=await handle(http, target, await request.json()))

    app = web.Application()
    app.router.add_post("/hook", hook)
    server = await start(app)
    await load.aim(str(server.make_url("/hook")))


async def say(http: ClientSession, target: str, message: dict[str, str], **other: str) -> None:
    async with http.post(target, json={"id": message["id"], "chat": message["chat"], "text": message["text"], **other}):
        pass


async def test_the_relay_passes(
    load: Any, benchmark: Callable[[str], ModuleType], aiohttp_server: AiohttpServer
) -> None:
    target = await load.listen()
    server = await aiohttp_server(benchmark("relay").relay(target))
    await load.aim(str(server.make_url("/hooks/hook")))
    once = await load.everyone_once()
    closed = await load.closed_loop(0.3)
    by_the_clock = await load.open_loop(0.2, rate=200)
    assert (once.sent, once.sound) == (CHATS, True)
    assert closed.sound
    assert closed.sent > 32
    assert (by_the_clock.sent, by_the_clock.sound) == (40, True)
    assert len(by_the_clock.latencies) == 40
    assert load.sent == once.sent + closed.sent + by_the_clock.sent


async def test_a_lost_answer_shows(benchmark: Callable[[str], ModuleType], aiohttp_server: AiohttpServer) -> None:
    async def lose_one(http: ClientSession, target: str, message: dict[str, str]) -> int:
        if message["id"] != "m-7":
            await say(http, target, message)
        return 200

    async with benchmark("load").Load(CHATS, "secret", patience=1) as load:
        await aim(load, aiohttp_server, lose_one)
        phase = await load.everyone_once()
    assert (phase.sent, phase.answered, phase.sound) == (CHATS, CHATS - 1, False)


async def test_a_doubled_answer_shows(load: Any, aiohttp_server: AiohttpServer) -> None:
    async def double_one(http: ClientSession, target: str, message: dict[str, str]) -> int:
        await say(http, target, message)
        if message["id"] == "m-7":
            await say(http, target, message)
        return 200

    await aim(load, aiohttp_server, double_one)
    phase = await load.everyone_once()
    assert (phase.answered, phase.duplicates, phase.sound) == (CHATS, 1, False)


async def test_an_answer_to_another_question_shows(load: Any, aiohttp_server: AiohttpServer) -> None:
    async def mistake_one(http: ClientSession, target: str, message: dict[str, str]) -> int:
        await say(http, target, message, **({"text": "Answer ?"} if message["id"] == "m-7" else {}))
        return 200

    await aim(load, aiohttp_server, mistake_one)
    phase = await load.everyone_once()
    assert (phase.misplaced, phase.sound) == (1, False)


async def test_a_refused_message_shows(load: Any, aiohttp_server: AiohttpServer) -> None:
    async def refuse_one(http: ClientSession, target: str, message: dict[str, str]) -> int:
        await say(http, target, message)
        return 503 if message["id"] == "m-7" else 200

    await aim(load, aiohttp_server, refuse_one)
    phase = await load.everyone_once()
    assert (phase.answered, phase.refused, phase.sound) == (CHATS - 1, 1, False)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_messages_are_cut_out_of_any_stream(benchmark: Callable[[str], ModuleType], size: int) -> None:
    stream = b"".join(
        b"POST / HTTP/1.1\r\ncontent-LENGTH: %d\r\nX: y\r\n\r\n%b" % (len(body), body)
        for body in (b"one", b"", b"three")
    )
    messages = benchmark("lean_http").Messages()
    cut = [body for at in range(0, len(stream), size) for _, body in messages.feed(stream[at : at + size])]
    assert cut == [b"one", b"", b"three"]


def test_a_message_of_unknown_length_is_an_error(benchmark: Callable[[str], ModuleType]) -> None:
    with pytest.raises(ValueError, match="without Content-Length"):
        benchmark("lean_http").Messages().feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")


def test_the_report_shows_both_sides_and_each_pair(benchmark: Callable[[str], ModuleType]) -> None:
    report = benchmark("report")
    of = {"rates": [1.0], "p50": [1.0], "p99": [2.0], "late": [0.1], "messages": 10}
    sides = [
        ("relay", "nothing", report.Figures(cpu=[100.0, 120.0], **of)),
        ("hub", "everything", report.Figures(cpu=[200.0, 200.0], **of)),
    ]
    block = report.markdown(sides, disk=100)
    assert "| CPU µs a message | 110 [100..120] | 200 [200..200] |" in block
    assert "relay / hub by CPU per message: 0.55 (pairs: 0.50, 0.60)" in block
