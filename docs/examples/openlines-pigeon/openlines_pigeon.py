"""Carrier Pigeon, a messenger that does not exist: a webhook brings letters in, an HTTP API takes them out."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from hmac import compare_digest

from aiohttp import ClientError, web
from openlines import api
from pydantic import SecretStr


class PigeonSettings(api.Settings):
    token: SecretStr
    """Known to both sides."""
    url: str = "https://api.pigeon.example/letters"


class Pigeon(api.Connector[PigeonSettings]):
    kind, title, settings_model = "pigeon", "Carrier Pigeon", PigeonSettings
    capabilities = api.Capabilities(max_text=500, per_second=10)

    @asynccontextmanager
    async def open(self, link: api.Link) -> AsyncGenerator[api.Channel]:
        yield Flock(link, self.settings.url, self.settings.token.get_secret_value())

    def routes(self, link: api.Link) -> Iterable[web.RouteDef]:
        async def landed(request: web.Request) -> web.Response:
            told, token = request.headers.get("X-Token", ""), self.settings.token.get_secret_value()
            if not compare_digest(told.encode(errors="replace"), token.encode()):
                raise web.HTTPUnauthorized
            try:
                letter = await request.json()
                loft, words = str(letter["loft"]), api.Content(text=str(letter["text"]))
                writer = api.Customer(id=loft)
                await link.receive(api.CustomerWrote(chat=loft, id=str(letter["id"]), customer=writer, content=words))
            except (ValueError, LookupError, TypeError, api.Rejected) as error:
                raise web.HTTPUnprocessableEntity(text=f"not a letter: {error}") from error
            return web.Response()  # the hub can no longer lose it

        return [web.post("/", landed)]


class Flock:
    def __init__(self, link: api.Link, url: str, token: str) -> None:
        self.http, self.url, self.headers = link.http, url, {"X-Token": token}

    async def send(self, message: api.Outgoing, /) -> api.Receipt:
        letter = {"key": message.id, "loft": message.chat, "text": message.content.text}
        try:
            async with self.http.post(self.url, json=letter, headers=self.headers) as answer:
                if answer.status >= 400:
                    raise (api.NotReady if answer.status >= 500 else api.Rejected)(f"it answered {answer.status}")
                return api.Receipt(external=str((await answer.json()).get("id", "")))
        except (ClientError, TimeoutError) as error:
            raise api.NotReady(f"Carrier Pigeon cannot be reached: {error}") from error


@api.hookimpl
def openlines_connectors() -> list[type[Pigeon]]:
    return [Pigeon]
