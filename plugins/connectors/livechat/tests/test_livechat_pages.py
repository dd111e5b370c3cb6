"""What browsers load: the loader, the chat's page and its parts, and what they may do."""

from __future__ import annotations

import json
import re

import pytest
from openlines.testing import MemoryLink
from openlines_livechat import LiveChatSettings
from openlines_livechat.pages import HOW_TO_BUILD, Built, NotBuilt
from openlines_livechat.testing import Visitor, open_site


def policy_of(answer):
    return dict(part.partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split("; "))


async def test_the_loader_carries_the_channels_look_and_is_asked_for_again_cheaply(tmp_path):
    async with open_site(tmp_path, colour="#aa3300", side="left") as site:
        async with site.http.get(f"{site.base}/loader.js") as answer:
            text = await answer.text()
            assert answer.content_type == "text/javascript"
            assert answer.headers["Cache-Control"].startswith("public, max-age=300")
            assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
            assert '"colour":"#aa3300","side":"left","hidden":false' in text
            assert "__OPENLINES_CONFIG__" not in text
            tag = answer.headers["ETag"]
        async with site.http.get(f"{site.base}/loader.js", headers={"If-None-Match": tag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
    async with open_site(tmp_path, colour="#00aa33") as site:
        known = {"If-None-Match": tag}
        async with site.http.get(f"{site.base}/loader.js", headers=known) as answer:
            assert answer.status == 200


async def test_outside_hours_the_launcher_hides_and_the_chat_itself_goes_on(tmp_path):
    hours = {"timezone": "Europe/Rome", "open": ["09:00-18:30"], "weekend": ["sat", "sun"]}
    async with open_site(tmp_path, only_in_hours=True, hours=hours) as site:

        async def hidden():
            async with site.http.get(f"{site.base}/loader.js") as answer:
                return '"hidden":true' in await answer.text()

        assert not await hidden()  # Monday, ten o'clock in Rome
        await site.link.clock.advance(9 * 3600)
        assert await hidden()
        visitor = Visitor(site.http, site.base)
        async with visitor.connected():
            assert (await visitor.writes("still here"))["t"] == "ok"


async def test_the_page_may_load_its_own_parts_and_nothing_else(tmp_path):
    async with open_site(tmp_path) as site, site.http.get(f"{site.base}/") as answer:
        policy = policy_of(answer)
        text = await answer.text()
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self' wss://hub.example"
    assert policy["frame-ancestors"] == "*"
    assert "unsafe" not in json.dumps(policy)
    # so nothing may be inline but the settings, which are data
    assert re.findall(r"<script(?![^>]*src=)([^>]*)>", text) == [' type="application/json" id="config"']
    assert not re.search(r"<style|\sstyle=|\son\w+=", text)


async def test_only_the_channels_sites_may_frame_it(tmp_path):
    async with open_site(tmp_path, sites=["https://shop.example", "*.store.example"]) as site:
        async with site.http.get(f"{site.base}/", headers={"Referer": "https://shop.example/tea"}) as answer:
            assert answer.status == 200
            assert policy_of(answer)["frame-ancestors"] == (
                "'self' https://shop.example https://*.store.example http://*.store.example"
            )
        async with site.http.get(f"{site.base}/", headers={"Referer": "https://evil.example/"}) as answer:
            assert answer.status == 403
            assert "sites" in await answer.text()


async def test_settings_cannot_break_out_of_the_page(tmp_path):
    async with open_site(tmp_path, title="</script><script>alert(1)</script>", subtitle="\u2028&<!--") as site:
        for path in ("/", "/loader.js"):
            async with site.http.get(site.base + path) as answer:
                text = await answer.text()
                assert "alert(1)</script>" not in text
                assert "\u2028" not in text
        async with site.http.get(f"{site.base}/") as answer:
            found = re.search(r'id="config">(.*?)</script>', await answer.text())
    assert found
    assert json.loads(found[1])["title"] == "</script><script>alert(1)</script>"


async def test_the_page_knows_the_channel_and_no_secret(tmp_path):
    form = ["name", {"name": "order", "label": "Order number", "type": "textarea"}]
    settings = {"form": form, "form_first": True, "language": "it"}
    async with open_site(tmp_path, **settings) as site, site.http.get(f"{site.base}/") as answer:
        found = re.search(r'id="config">(.*?)</script>', await answer.text())
    assert found
    config = json.loads(found[1])
    assert config["title"] == "Sample shop"
    assert (config["language"], config["auto"], config["formFirst"]) == ("it", False, True)
    assert config["form"] == [
        {"name": "name", "label": "", "type": "text", "required": True},
        {"name": "order", "label": "Order number", "type": "textarea", "required": False},
    ]


async def test_the_address_without_a_slash_leads_to_the_one_with_it(tmp_path):
    async with open_site(tmp_path) as site, site.http.get(site.base) as answer:
        assert answer.status == 200
        assert answer.url.path == "/chat/site/"


async def test_built_parts_are_kept_for_ever_and_come_packed(tmp_path):
    async with open_site(tmp_path) as site:
        async with site.http.get(f"{site.base}/") as answer:
            names = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', await answer.text())
        assert len(names) == 2
        for name in names:
            headers = {"Accept-Encoding": "br, gzip"}
            async with site.http.get(f"{site.base}/{name}", headers=headers, auto_decompress=False) as answer:
                assert answer.status == 200
                assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
                assert answer.headers["Content-Encoding"] in {"br", "gzip"}
                assert answer.content_type in {"text/javascript", "application/javascript", "text/css"}


@pytest.mark.parametrize("name", ["../loader.js", "%2e%2e%2floader.js", "..%5cloader.js", "nothing.js", "%00"])
async def test_nothing_but_built_parts_is_served(tmp_path, name):
    async with open_site(tmp_path) as site, site.http.get(f"{site.base}/assets/{name}") as answer:
        assert answer.status == 404 or answer.url.path == "/chat/site/loader.js"


async def test_a_window_that_is_not_built_says_how_to_build_it(tmp_path, monkeypatch):
    with pytest.raises(NotBuilt, match="build_web"):
        Built.read(tmp_path)
    monkeypatch.setattr(Built, "read", classmethod(lambda cls, folder: (_ for _ in ()).throw(NotBuilt(HOW_TO_BUILD))))
    async with open_site(tmp_path) as site:
        for path in ("/", "/loader.js"):
            async with site.http.get(site.base + path) as answer:
                assert answer.status == 503
                assert "build_web.py" in await answer.text()
        async with site.http.get(f"{site.base}/assets/index.js") as answer:
            assert answer.status == 404


async def test_the_channels_own_title_is_used_where_the_settings_have_none(tmp_path):
    async with MemoryLink(tmp_path, id="site", title="Lamps") as link:
        assert link.title == "Lamps"
    assert LiveChatSettings().title == ""
