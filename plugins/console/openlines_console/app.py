"""Serves the built screens: one page for every address, and files whose names change with their content."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from aiohttp import web
from openlines.api import App, AppLink

STATIC = Path(__file__).parent / "static"

# Mantine writes style attributes, hence 'unsafe-inline' for styles; scripts come from files of ours only.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",  # a picture held elsewhere would tell its host who reads what, and when
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
LONGEST_NAME = 200
"""Bytes of a built file's name; file systems fail on longer ones in ways of their own."""
NEVER_KEPT = {"Cache-Control": "no-store"}
KEPT_FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}

NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>The console is not built</title>
<style>body{font:16px/1.6 system-ui;max-width:42rem;margin:15vh auto;padding:0 1.5rem;color:#222}
code{background:#eee;padding:.15em .4em;border-radius:4px}</style>
<h1>The console is not built</h1>
<p>The hub is running, but its agents' screens are missing from this installation. In a checkout, build them with</p>
<p><code>./run python plugins/console/build_web.py</code></p>
<p>(it needs an npm registry once) and load this page again. An installation from a wheel always has them:
<code>pip install --force-reinstall openlines-console</code>.</p>
</html>
"""


class Console(App):
    """`/console/`."""

    path: ClassVar[str] = "console"

    def __init__(self, static: Path = STATIC) -> None:
        self._static = static

    def routes(self, link: AppLink) -> Iterable[web.RouteDef]:
        return [web.get("/assets/{name}", self._asset), web.get("/{address:.*}", self._page)]

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        """A built file. `FileResponse` picks the compressed one beside it where the browser takes that."""
        name = request.match_info["name"]
        path = self._static / "assets" / name
        if len(name) > LONGEST_NAME or name.startswith(".") or Path(name).name != name or not path.is_file():
            raise web.HTTPNotFound(text="no such file", headers=HEADERS | NEVER_KEPT)
        return web.FileResponse(path, headers=HEADERS | KEPT_FOR_GOOD)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        """The one page: what it shows for which address is the script's business."""
        if "." in request.match_info["address"]:  # a file that is not there, not a screen
            raise web.HTTPNotFound(text="no such file", headers=HEADERS | NEVER_KEPT)
        page = self._static / "index.html"
        if not page.is_file():
            return web.Response(text=NOT_BUILT, content_type="text/html", status=503, headers=HEADERS | NEVER_KEPT)
        return web.FileResponse(page, headers=HEADERS | NEVER_KEPT)
