"""Files over HTTP: up by staff, down by staff and by signed addresses, never as a page of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import FormData
from openlines.settings.models import Server

from core.tests.web_hub import Shop, Staff, open_shop, problem

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
LIMIT = 50_000


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    # Files may be larger than other bodies: they are streamed.
    async with open_shop(tmp_path, server=Server(max_body=10_000, max_file=LIMIT)) as shop:
        yield shop


async def upload(staff: Staff, content: bytes, name: str = "sofa.png", field: str = "file") -> Any:
    form = FormData(quote_fields=False)  # raw UTF-8, as browsers write names
    form.add_field(field, content, filename=name, content_type="image/png")
    return await staff.post("files", data=form)


async def test_a_file_goes_to_the_customer_under_its_name(shop: Shop) -> None:
    number = await shop.customer_writes("show me")
    anna = await shop.sign_in("anna")
    response = await upload(anna, PNG, "мой диван.png")
    assert response.status == 201
    file = await response.json()
    assert (file["name"], file["type"], file["size"]) == ("мой диван.png", "image/png", len(PNG))
    assert (await anna.post(f"conversations/{number}/reply", {"files": [file["id"]]})).status == 200
    entries = (await anna.read(f"conversations/{number}/entries"))["items"]
    [sent] = [e["body"]["content"]["files"] for e in entries if "files" in e["body"].get("content", {})]
    assert sent[0]["name"] == "мой диван.png"
    assert sent[0]["type"] == "image/png"
    # By the hash in the message as by the id of the upload.
    for file_id in (sent[0]["id"], file["id"]):
        down = await anna.get(f"files/{file_id}?name=sofa.png")
        assert await down.read() == PNG
        assert down.headers["Content-Disposition"].startswith('inline; filename="sofa.png"')


async def test_what_a_browser_could_run_is_only_downloaded(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    for content in (b"<html><script>alert(1)</script>", b"<svg onload=alert(1)></svg>"):
        file = await (await upload(anna, content, "page.html")).json()
        down = await anna.get(f"files/{file['id']}")
        assert down.content_type == "application/octet-stream"
        assert down.headers["Content-Disposition"].startswith("attachment;")
        assert down.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in down.headers["Content-Security-Policy"]


async def test_a_file_may_be_larger_than_a_body_but_not_than_its_own_limit(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    assert (await upload(anna, b"x" * LIMIT)).status == 201
    told = await problem(await upload(anna, b"x" * (LIMIT + 1)))
    assert (told["status"], told["field"]) == (413, "file")


async def test_what_is_no_upload(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    assert (await problem(await anna.post("files", {"file": "x"})))["status"] == 415
    assert (await problem(await upload(anna, PNG, field="other")))["field"] == "file"
    headers = {"X-CSRF-Token": anna.csrf}
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        response = await anna.session.post("/api/v1/files", data=b"junk", headers={**headers, "Content-Type": kind})
        assert (await problem(response))["status"] == 422, kind
    assert (await problem(await (await shop.browser()).get("files/" + "a" * 64)))["status"] == 401
    assert (await problem(await anna.get("files/" + "a" * 64)))["status"] == 404
    assert (await problem(await anna.get("files/..%2f..%2fsecret")))["status"] == 404


async def test_a_signed_address_works_for_everybody_and_no_other_does(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    await upload(anna, PNG)
    file = await shop.hub.files.find((await (await upload(anna, PNG)).json())["id"].partition(".")[0], "sofa.png")
    assert file is not None
    address = urlsplit(shop.hub.files.address(file))
    stranger = (await shop.browser()).session
    response = await stranger.get(f"{address.path}?{address.query}")
    assert await response.read() == PNG
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    for forged in (f"{address.path}", f"{address.path}?{address.query}0", f"/files/{'0' * 64}?{address.query}"):
        assert (await problem(await stranger.get(forged)))["status"] == 403
