"""Receives signed requests and sends them: the network side of `wire`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import msgspec
from aiohttp import ClientError, ClientResponse, ClientTimeout, web
from openlines.api import (
    Capabilities,
    Channel,
    Connector,
    Link,
    NotReady,
    Outgoing,
    RateLimited,
    Receipt,
    Rejected,
    Settings,
)
from pydantic import Field, SecretStr, field_validator
from yarl import URL

from openlines_webhook import wire

_BODY_WITHIN = 30.0
"""Seconds for a request's body to arrive: who sends it drop by drop holds no place for longer."""
_ANSWER_READ = 65_536
"""Bytes read of an answer; an `id` further on is not found."""


class WebhookSettings(Settings):
    """The shared secret, where to send, and what the program at the other end can do."""

    secret: SecretStr = Field(min_length=16, max_length=512)
    """Known to both sides, signs both ways. Make one with `openssl rand -hex 32`."""
    url: str = Field(max_length=2000)
    """Where messages to customers are posted: http or https."""
    files: bool = True
    buttons: bool = True
    sender_names: bool = True
    typing: bool = False
    """Also post `kind: "typing"`."""
    reachable: bool = True
    max_text: int = Field(default=4096, ge=1, le=wire.MAX_TEXT)
    per_second: float = Field(default=0, ge=0)
    timeout: float = Field(default=15, gt=0, le=60)
    """Seconds for the program to answer a message."""

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        if not wire.is_web_address(url):
            raise ValueError("an http:// or https:// address is needed, such as https://bridge.example/openlines")
        return url


class Webhook(Connector[WebhookSettings]):
    """Kind `webhook`: a program in any language is the connector, or the bot."""

    kind = "webhook"
    title = "Webhook"
    settings_model = WebhookSettings
    capabilities = Capabilities(files=True, buttons=True, sender_names=True)

    @property
    def abilities(self) -> Capabilities:
        settings = self.settings
        return Capabilities(
            max_text=settings.max_text,
            files=settings.files,
            max_file=1_000_000_000,  # only its address is sent
            buttons=settings.buttons,
            sender_names=settings.sender_names,
            typing=settings.typing,
            reachable=settings.reachable,
            per_second=settings.per_second,
            send_timeout=settings.timeout + 5,  # our own comes first: it says what it waited for
        )

    @asynccontextmanager
    async def open(self, link: Link) -> AsyncGenerator[Channel]:
        yield _Channel(self.settings, link)

    def routes(self, link: Link) -> Iterable[web.RouteDef]:
        inbox = _Inbox(self.settings.secret.get_secret_value(), link)
        return [web.post("", inbox.receive)]


class _Inbox:
    """Takes messages in."""

    def __init__(self, secret: str, link: Link) -> None:
        self._secret = secret
        self._link = link
        self._warn_from = 0.0

    async def receive(self, request: web.Request) -> web.Response:
        try:
            body = await _read(request)
            wire.verify(self._secret, request.headers.get(wire.SIGNATURE, ""), body, self._link.now())
            fact = wire.parse(body)
            (stored,) = await self._link.receive(fact)
        except _TooLarge:
            return _problem(413, "too_large", f"a request may have {wire.MAX_BODY} bytes at most")
        except TimeoutError:
            return _problem(408, "too_slow", f"the body did not arrive within {_BODY_WITHIN:.0f} seconds")
        except _Encoded:
            return _problem(415, "encoded", "send the body as it is signed, without a Content-Encoding")
        except wire.BadSignature as error:
            self._tell_of(error)
            return _problem(401, "bad_signature", str(error))
        except wire.Faulty as error:
            return _problem(422, "invalid", str(error), error.field)
        except NotReady as error:
            return _problem(503, "not_ready", str(error), headers={"Retry-After": "2"})
        status = "duplicate" if stored.duplicate else "stored"
        return _json(200, {"status": status, "message": stored.message})

    def _tell_of(self, error: wire.BadSignature) -> None:
        """Anybody can send rubbish: it fills the log with one warning a minute at most."""
        now = self._link.now()
        if now >= self._warn_from:
            self._warn_from = now + 60
            self._link.log.warning("webhook_refused", reason=str(error))


class _Channel:
    """Sends messages out."""

    def __init__(self, settings: WebhookSettings, link: Link) -> None:
        self._url = URL(settings.url)
        self._secret = settings.secret.get_secret_value()
        self._timeout = ClientTimeout(total=settings.timeout)
        self._link = link
        self._place = f"channel {link.id!r}: {urlsplit(settings.url).netloc.rpartition('@')[2]}"

    async def send(self, message: Outgoing, /) -> Receipt:
        body = wire.render(message, self._link.files.address)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "openlines",
            wire.SIGNATURE: wire.sign(self._secret, body, self._link.now()),
        }
        try:
            # A redirect would carry a signed message to where the settings never said.
            async with self._link.http.post(
                self._url, data=body, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                return await self._judge(response)
        except TimeoutError as error:
            raise NotReady(f"{self._place} did not answer within {self._timeout.total:g} s") from error
        except (ClientError, OSError) as error:
            raise NotReady(f"{self._place} cannot be reached: {error}") from error

    async def _judge(self, response: ClientResponse) -> Receipt:
        status = response.status
        if 200 <= status < 300:
            return Receipt(external=wire.external_id(await _beginning(response)))
        if status == 429:
            after = wire.retry_after(response.headers.get("Retry-After", ""), self._link.now())
            raise RateLimited(after, f"{self._place} asks to wait {after:.0f} s")
        if status >= 500:
            raise NotReady(f"{self._place} answered {status}")
        if 300 <= status < 400:
            raise Rejected(f"{self._place} answered {status}: redirects are not followed, set `url` to the final one")
        words = wire.clean((await _beginning(response)).decode(errors="replace"))[:200].strip()
        raise Rejected(f"{self._place} refused with {status}" + (f": {words}" if words else ""))


async def _beginning(response: ClientResponse) -> bytes:
    """The first bytes of an answer. The status has decided already: a body that breaks off changes nothing."""
    data = b""
    try:
        while len(data) < _ANSWER_READ and (chunk := await response.content.read(_ANSWER_READ - len(data))):
            data += chunk
    except (ClientError, TimeoutError, OSError):
        return b""
    return data


class _TooLarge(Exception):
    """More bytes than one message can need."""


class _Encoded(Exception):
    """Compressed: what would be verified is not what was signed, and small bytes could hide large ones."""


async def _read(request: web.Request) -> bytes:
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _Encoded
    if (request.content_length or 0) > wire.MAX_BODY:
        raise _TooLarge
    data = bytearray()
    async with asyncio.timeout(_BODY_WITHIN):
        async for chunk in request.content.iter_any():
            data += chunk
            if len(data) > wire.MAX_BODY:
                raise _TooLarge
    return bytes(data)


def _json(
    status: int, body: object, media_type: str = "application/json", headers: dict[str, str] | None = None
) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type=media_type, headers=headers or {})


def _problem(
    status: int, code: str, detail: str, field: str = "", headers: dict[str, str] | None = None
) -> web.Response:
    """RFC 9457, with the same members as the hub's own problems."""
    titles = {
        401: "Not signed",
        408: "Too slow",
        413: "Too large",
        415: "Encoded",
        422: "Not in the format",
        503: "Not ready",
    }
    body = {
        "type": "about:blank",
        "title": titles[status],
        "status": status,
        "code": code,
        "detail": detail,
        "field": field,
    }
    return _json(status, body, "application/problem+json", headers)
