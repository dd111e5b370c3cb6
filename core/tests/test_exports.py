"""Exports: a whole filtered list as a spreadsheet, for who may have it, for an hour."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from openlines.domain.people import Agent
from openlines.runtime import exports
from openlines.runtime.exports import AT_ONCE, COLUMNS, KEPT_AT_MOST, KEPT_FOR, Csv, Exports, TooManyExports, Xlsx
from openlines.runtime.filters import Filters
from openlines.settings.models import Server
from openlines.testing.clock import VirtualClock

from core.tests.search_store import ADMIN, LINES, Store
from core.tests.web_hub import Shop, Staff, open_shop, problem, settled


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path, server=Server(data=str(tmp_path / "data"))) as shop:
        yield shop


async def export(staff: Staff, kind: str = "csv", **filters: Any) -> dict[str, Any]:
    """A finished export."""
    response = await staff.post("exports", {"format": kind, "filters": filters})
    assert response.status == 202, await response.text()
    told: dict[str, Any] = await response.json()
    async with asyncio.timeout(10):
        while told["state"] == "running":
            await asyncio.sleep(0.005)
            told = await staff.read(f"exports/{told['id']}")
    return told


async def rows(staff: Staff, **filters: Any) -> list[dict[str, str]]:
    told = await export(staff, **filters)
    assert told["state"] == "ready"
    response = await staff.get(f"exports/{told['id']}/file")
    assert response.status == 200
    return list(csv.DictReader(io.StringIO((await response.read()).decode("utf-8-sig"))))


def sheets(book: bytes) -> list[list[list[str]]]:
    """The cells of a workbook's sheets, as texts; formulas may not be among them."""
    found = []
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        for name in sorted(name for name in parts.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)):
            sheet = ElementTree.fromstring(parts.read(name))  # noqa: S314 - written by ourselves
            assert not list(sheet.iterfind(".//{*}f")), "a formula"
            found.append(
                [
                    ["".join(cell.itertext()) for cell in row.iterfind("{*}c")]
                    for row in sheet.iterfind(".//{*}sheetData/{*}row")
                ]
            )
    return found


# -- over HTTP --------------------------------------------------------------------------------------------------


async def test_a_list_becomes_a_table(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    await shop.customer_writes("hello", channel="help")
    olga = await shop.sign_in("olga")
    await olga.post(f"conversations/{number}/spam")
    [row] = await rows(olga, line=["shop"])
    assert list(row) == [name for name, _ in COLUMNS]
    assert row["number"] == str(number)
    assert row["customer_name"] == "Customer chat-1"
    assert row["status"] == "closed"
    assert row["closed_by"] == "spam"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["created_at"])
    assert row["accepted_at"] == ""
    assert row["pinned"] == "false"
    assert len(await rows(olga)) == 2
    assert await rows(olga, text="nothing like it") == []
    assert len(await rows(olga, text="hello", status=["closed"])) == 1


async def test_a_workbook_is_one(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    olga = await shop.sign_in("olga")
    told = await export(olga, "xlsx")
    assert (told["done"], told["total"]) == (1, 1)
    response = await olga.get(f"exports/{told['id']}/file")
    assert response.headers["Content-Type"].endswith("spreadsheetml.sheet")
    assert re.search(r'attachment; filename="conversations-[\d-]+\.xlsx"', response.headers["Content-Disposition"])
    [[head, row]] = sheets(await response.read())
    assert head[0] == "number"
    assert row[0] == str(number)
    assert "Customer chat-1" in row


async def test_only_who_has_reports_may_export_and_only_their_own(shop: Shop) -> None:
    await shop.customer_writes("hello")
    anna, mila, olga = [await shop.sign_in(name) for name in ("anna", "mila", "olga")]
    assert (await problem(await anna.post("exports", {"format": "csv"})))["code"] == "denied"
    told = await export(mila)
    for path in (f"exports/{told['id']}", f"exports/{told['id']}/file"):
        assert (await mila.get(path)).status == 200
        assert (await problem(await anna.get(path)))["code"] == "denied"
        assert (await problem(await olga.get(path)))["code"] == "not_found"
    assert (await problem(await olga.get("exports/nothing-here")))["status"] == 404
    assert (await problem(await (await shop.browser()).post("exports", {})))["status"] == 401
    reading = await shop.program("olga", "read")
    assert (await problem(await reading.post("exports", {})))["status"] == 403


async def test_a_right_that_is_lost_is_lost_at_once(shop: Shop) -> None:
    mila, olga = await shop.sign_in("mila"), await shop.sign_in("olga")
    told = await export(mila)
    await olga.post("agents/mila", {"role": "agent"}, method="PATCH")
    assert (await problem(await mila.get(f"exports/{told['id']}/file")))["code"] == "denied"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "pdf"}, "format"),
        ({"filters": {"status": ["lost"]}}, "filters.status.0"),
        ({"filters": {"text": "a " * 20}}, "filters.text"),
        ({"filters": {"colour": "red"}}, "filters.colour"),
        ({"filters": {"created_from": "monday"}}, "filters.created_from"),
    ],
)
async def test_what_is_no_export_is_refused(shop: Shop, body: dict[str, Any], field: str) -> None:
    olga = await shop.sign_in("olga")
    told = await problem(await olga.post("exports", body))
    assert (told["status"], told["field"]) == (422, field)


async def test_it_is_gone_after_an_hour(shop: Shop, tmp_path: Path) -> None:
    olga = await shop.sign_in("olga")
    told = await export(olga)
    assert told["expires_at"] == shop.clock.now() + KEPT_FOR
    folder = tmp_path / "data" / "exports"
    assert len(list(folder.iterdir())) == 1
    await shop.clock.advance(KEPT_FOR)
    await settled(lambda: not list(folder.iterdir()))
    assert (await problem(await olga.get(f"exports/{told['id']}")))["status"] == 404
    assert (await problem(await olga.get(f"exports/{told['id']}/file")))["status"] == 404


# -- beneath ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path)
    yield store
    store.database.close()


@pytest.fixture
async def office(store: Store, tmp_path: Path) -> AsyncIterator[Exports]:
    office = Exports(store.reader, tmp_path / "exports", VirtualClock())
    yield office
    await office.close()


def written(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


async def test_it_holds_each_conversation_once_while_they_change(
    store: Store, office: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS", 4)
    for number in range(1, 31):
        await store.open(number)
    each, later = store.reader.each, count(100)

    async def disturbed(*args: Any, **more: Any) -> Any:
        """Between any two pages the list is turned upside down, and grows."""
        found = await each(*args, **more)
        await store.database.run(
            lambda connection: connection.exec_driver_sql(
                "UPDATE conversations SET changed_at = -changed_at, rating = ''"
            )
        )
        await store.open(next(later), created_at=office._clock.now() + 1)
        return found

    monkeypatch.setattr(store.reader, "each", disturbed)
    export = office.start(ADMIN, LINES, Filters(), "csv")
    await settled(lambda: export.state != "running")
    assert export.state == "ready"
    assert [int(row["number"]) for row in written(export.path)] == list(range(1, 31))
    assert export.done == export.total == 30


async def test_it_holds_what_the_agent_may_see(store: Store, office: Exports) -> None:
    await store.open(1, responsible="anna")
    await store.open(2, responsible="boris")
    await store.open(3, responsible="boris", status="accepted")
    reporter = Agent(id="anna", rights={"reports": "any", "history": "own", "conversations": "any"})
    export = office.start(reporter, LINES, Filters(), "csv")
    await settled(lambda: export.state != "running")
    assert [row["number"] for row in written(export.path)] == ["1", "3"]


async def test_a_few_at_a_time(store: Store, office: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    going = asyncio.Event()
    total = store.reader.total

    async def slowly(*args: Any) -> int:
        await going.wait()
        return await total(*args)

    monkeypatch.setattr(store.reader, "total", slowly)
    begun = [office.start(ADMIN, LINES, Filters(), "csv") for _ in range(AT_ONCE)]
    with pytest.raises(TooManyExports, match="being written"):
        office.start(ADMIN, LINES, Filters(), "csv")
    going.set()
    while len(begun) < KEPT_AT_MOST:
        await settled(lambda: all(each.state == "ready" for each in begun))
        begun.append(office.start(ADMIN, LINES, Filters(), "csv"))
    await settled(lambda: all(each.state == "ready" for each in begun))
    with pytest.raises(TooManyExports, match="kept already"):
        office.start(ADMIN, LINES, Filters(), "csv")


async def test_one_that_fails_says_so_and_leaves_no_file(
    store: Store, office: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: Any, **_more: Any) -> Any:
        raise OSError("the disk is full")

    monkeypatch.setattr(store.reader, "each", broken)
    export = office.start(ADMIN, LINES, Filters(), "xlsx")
    await settled(lambda: export.state != "running")
    assert export.state == "failed"
    assert not export.path.exists()
    assert office.find(export.id, ADMIN) is export


async def test_a_stop_leaves_nothing_and_a_start_removes_what_a_crash_left(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "left.csv").write_text("of an earlier process")
    office = Exports(store.reader, folder, VirtualClock())
    export = office.start(ADMIN, LINES, Filters(), "csv")
    await settled(lambda: export.state == "ready")
    assert [path.name for path in folder.iterdir()] == [export.path.name]
    office.start(ADMIN, LINES, Filters(), "xlsx")  # under way
    await office.close()
    assert list(folder.iterdir()) == []


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(tmp_path: Path, text: str) -> None:
    for kind, path in ((Csv, tmp_path / "x.csv"), (Xlsx, tmp_path / "x.xlsx")):
        sheet = kind(path)
        sheet.add([["name"], [text]])
        sheet.close()
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.reader(stream)) == [["name"], [f"'{text}"]]
    [[_, [cell]]] = sheets((tmp_path / "x.xlsx").read_bytes())
    assert cell.replace("_x000D_", "\r").strip() == text.strip()


@pytest.mark.parametrize("text", ["plain", "1", "a=b", "", "né\U0001f642", "half \ud800", "bell \x07", "x" * 40_000])
def test_whatever_a_customer_is_called_can_be_written(tmp_path: Path, text: str) -> None:
    for kind, path in ((Csv, tmp_path / "x.csv"), (Xlsx, tmp_path / "x.xlsx")):
        sheet = kind(path)
        sheet.add([["name", "n"], [text, 1]])
        sheet.close()
    [[_, row]] = sheets((tmp_path / "x.xlsx").read_bytes())
    assert row[-1] == "1"
    assert len(row) == (2 if text else 1)
    assert "1" in (tmp_path / "x.csv").read_text("utf-8-sig")


def test_a_full_sheet_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Xlsx, "LAST_ROW", 3)
    sheet = Xlsx(tmp_path / "x.xlsx")
    lines: Sequence[Sequence[str | int]] = [["n"], *([n] for n in range(5))]
    sheet.add(lines)
    sheet.close()
    assert sheets((tmp_path / "x.xlsx").read_bytes()) == [
        [["n"], ["0"], ["1"]],
        [["n"], ["2"], ["3"]],
        [["n"], ["4"]],
    ]
