"""The bare relay that the hub is measured against: a webhook comes in, its text goes out, nothing is kept.

It checks no signature, stores nothing, retries nothing and knows no order: what is left is the price of aiohttp.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from importlib import import_module
from importlib.util import find_spec

from aiohttp import ClientSession, web

HTTP = web.AppKey("http", ClientSession)


def relay(target: str) -> web.Application:
    async def pass_on(request: web.Request) -> web.Response:
        message = await request.json()
        reply = {"id": message["id"], "chat": message["chat"], "kind": "text", "text": message["text"]}
        async with request.app[HTTP].post(target, json=reply) as answer:
            await answer.read()
        return web.json_response({"status": "stored", "message": message["id"]})

    async def ready(_: web.Request) -> web.Response:
        return web.Response()

    async def client(app: web.Application) -> AsyncIterator[None]:
        async with ClientSession() as http:
            app[HTTP] = http
            yield

    app = web.Application()
    app.router.add_post("/hooks/hook", pass_on)
    app.router.add_get("/readyz", ready)
    app.cleanup_ctx.append(client)
    return app


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--target", required=True, help="where each message is posted to")
    chosen = options.parse_args()
    if find_spec("uvloop"):  # the hub does so too
        import_module("uvloop").install()
    web.run_app(relay(chosen.target), host="127.0.0.1", port=chosen.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
