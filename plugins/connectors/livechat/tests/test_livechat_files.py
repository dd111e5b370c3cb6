"""Files that visitors send and get: hostile names, foreign hands, and browsers that must not run them."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import FormData
from hypothesis import given
from hypothesis import strategies as st
from openlines.api import Content, File
from openlines.testing import MemoryLink
from openlines_livechat.files import disposition, file_name, file_type
from openlines_livechat.room import Limits
from openlines_livechat.testing import Visitor, open_site
from openlines_livechat.visitors import Seals

SECRET = b"the price list"


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path, max_file=1_000) as one:
        yield one


@pytest.fixture
async def visitor(site):
    one = Visitor(site.http, site.base)
    async with one.connected():
        yield one


async def address_of(site, visitor, name="price.txt", data=SECRET, media_type="text/plain"):
    status, file = await visitor.uploads(name, data, media_type)
    assert status == 200, file
    return f"{site.base}/{file['url']}"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("price.txt", "price.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ivan\\report.pdf", "report.pdf"),
        ("..", "file"),
        ("", "file"),
        ("a\x00b\r\nSet-Cookie: x.txt", "abSet-Cookie: x.txt"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("cut\ud83d.txt", "cut.txt"),
        ("  .hidden. ", "hidden"),
        ("отчёт 2026.pdf", "отчёт 2026.pdf"),
        ("x" * 300 + ".pdf", "x" * 100 + ".pdf"),
        ("x" * 300, "x" * 120),
    ],
)
def test_a_name_is_a_name_and_nothing_more(told, kept):
    assert file_name(told) == kept


@given(st.text(st.characters(exclude_categories=()), max_size=400))
def test_no_name_is_a_path_is_long_or_breaks_a_header(told):
    name = file_name(told)
    assert name
    assert len(name) <= 120
    assert not set(name) & set("/\\\r\n\0")
    assert name not in {".", ".."}
    header = disposition("attachment", name)
    assert header.isascii()
    assert "\n" not in header
    assert header.count('"') == 2


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("image/PNG; charset=x", "image/png"),
        ("text/html\r\nX-Evil: 1", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_media_type_is_one_or_plain_bytes(told, kept):
    assert file_type(told) == kept


async def test_a_visitors_own_file_comes_back_as_a_download_that_runs_nowhere(site, visitor):
    async with site.http.get(await address_of(site, visitor, "ü <b>.html", b"<script>", "text/html")) as answer:
        assert answer.status == 200
        assert await answer.read() == b"<script>"
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == (
            "attachment; filename=\"_ _b_.html\"; filename*=UTF-8''%C3%BC%20%3Cb%3E.html"
        )
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Cache-Control"].startswith("private")


@pytest.mark.parametrize(
    ("media_type", "how"),
    [("image/png", "inline"), ("image/svg+xml", "attachment"), ("application/pdf", "attachment")],
)
async def test_only_pictures_without_scripts_are_shown_in_place(site, visitor, media_type, how):
    async with site.http.get(await address_of(site, visitor, "a.bin", b"x", media_type)) as answer:
        assert answer.headers["Content-Disposition"].startswith(how)


async def test_what_an_agent_sent_can_be_fetched_by_its_visitor(site, visitor):
    async def chunks():
        yield SECRET

    file = await site.link.files.save("offer.pdf", "application/pdf", chunks())
    elsewhere = File(name="far.pdf", url="https://cdn.example/far.pdf")
    evil = File(name="evil", url="javascript:alert(1)")
    await site.link.say(visitor.chat, Content(text="Our offer", files=(file, elsewhere, evil)))
    (own, far, none) = (await visitor.sees("Our offer"))["data"]["files"]
    async with site.http.get(f"{site.base}/{own['url']}") as answer:
        assert await answer.read() == SECRET
    assert far["url"] == "https://cdn.example/far.pdf"
    assert none["url"] == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("c=", "c=x"),
        ("n=price.txt", "n=price.html"),
        ("t=text%2Fplain", "t=text%2Fhtml"),
        ("e=1", "e=9"),
        ("e=1", "e=x"),
        ("s=", "s=0"),
        ("s=", "s=%ed%a0%80"),
        ("?", "?x="),
    ],
)
async def test_an_address_that_was_changed_shows_nothing(site, visitor, old, new):
    address = await address_of(site, visitor)
    async with site.http.get(address.replace(old, new, 1)) as answer:
        assert answer.status == 404


async def test_an_address_shows_its_own_file_only(site, visitor):
    address, other = await address_of(site, visitor), await address_of(site, visitor, data=b"another")
    swapped = other.partition("?")[0] + "?" + address.partition("?")[2]
    async with site.http.get(swapped) as answer:
        assert answer.status == 404


async def test_an_address_holds_for_a_day_and_not_for_ever(site, visitor):
    address = await address_of(site, visitor)
    await site.link.clock.advance(86_400)
    async with site.http.get(address) as answer:
        assert answer.status == 200
    await site.link.clock.advance(86_400)
    async with site.http.get(address) as answer:
        assert answer.status == 404


async def test_a_file_of_another_chat_cannot_be_sent(site, visitor):
    _, file = await visitor.uploads("price.txt", SECRET)
    sent = {key: file[key] for key in ("id", "name", "type", "size", "ticket")}
    stranger = Visitor(site.http, site.base)
    async with stranger.connected():
        assert (await stranger.commands("send", files=[sent]))["code"] == "bad_file"
    assert (await visitor.commands("send", files=[{**sent, "name": "other.exe"}]))["code"] == "bad_file"
    assert (await visitor.commands("send", files=[sent]))["t"] == "ok"


async def test_two_nodes_that_made_a_key_at_once_agree_in_the_end(tmp_path):
    async with MemoryLink(tmp_path, id="site") as link:
        one, other = Seals(link), Seals(link)
        await one.ready()
        await link.state.put("seal", "ab" * 32)  # the other node wrote last
        await other.ready()
        file = File("a.txt", "text/plain", 1, "f" * 64)
        ticket = other.ticket("chat", file)
        assert not await one.takes(ticket, "chat", file)
        await link.clock.advance(60)
        assert await one.takes(ticket, "chat", file)


async def test_an_upload_needs_a_token(site, visitor):
    visitor.token = "nobody"
    assert (await visitor.uploads("a.txt", b"x"))[0] == 401


async def test_an_upload_from_another_site_is_refused(tmp_path):
    async with open_site(tmp_path, sites=["https://shop.example"]) as site:
        visitor = Visitor(site.http, site.base)
        async with visitor.connected():
            assert (await visitor.uploads("a.txt", b"x", Origin="https://evil.example"))[0] == 403
            assert (await visitor.uploads("a.txt", b"x", Origin="https://shop.example"))[0] == 200


@pytest.mark.parametrize("size", [1_001, 200_000])
async def test_a_file_over_the_limit_is_refused(site, visitor, size):
    status, problem = await visitor.uploads("a.bin", b"x" * size)
    assert (status, problem["code"]) == (413, "too_large")


async def test_an_empty_file_and_a_form_without_one_are_refused(site, visitor):
    assert (await visitor.uploads("a.txt", b""))[1]["code"] == "empty"
    headers = {"Authorization": f"Bearer {visitor.token}"}
    form = FormData()
    form.add_field("other", b"x", filename="a.txt")
    async with site.http.post(f"{site.base}/uploads", data=form, headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (422, "no_file")
    async with site.http.post(f"{site.base}/uploads", json={}, headers=headers) as answer:
        assert answer.status == 415
    broken = {**headers, "Content-Type": "multipart/form-data; boundary=x"}
    async with site.http.post(f"{site.base}/uploads", data=b"not multipart", headers=broken) as answer:
        assert answer.status == 422


async def test_a_channel_without_files_takes_none(tmp_path):
    async with open_site(tmp_path, max_file=0) as site:
        visitor = Visitor(site.http, site.base)
        async with visitor.connected():
            assert visitor.welcome["limits"]["file"] == 0
            assert (await visitor.uploads("a.txt", b"x"))[0] == 413


async def test_one_chat_uploads_a_few_files_at_once(tmp_path):
    async with open_site(tmp_path, Limits(uploads_at_once=1)) as site:
        visitor = Visitor(site.http, site.base)
        async with visitor.connected():
            arrived, go_on = asyncio.Event(), asyncio.Event()

            async def slowly():
                yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
                arrived.set()
                await go_on.wait()
                yield b"\r\n--x--\r\n"

            headers = {
                "Authorization": f"Bearer {visitor.token}",
                "Content-Type": "multipart/form-data; boundary=x",
            }
            first = asyncio.create_task(
                site.http.post(f"{site.base}/uploads", data=slowly(), headers=headers).__aenter__()
            )
            await arrived.wait()
            second, _ = await visitor.uploads("b.txt", b"x")
            while second == 200:  # the first one's head is on its way still
                second, _ = await visitor.uploads("b.txt", b"x")
            assert second == 429
            go_on.set()
            assert (await first).status == 200
            assert (await visitor.uploads("b.txt", b"x"))[0] == 200
