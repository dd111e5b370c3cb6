"""The examples in the docs work: settings are in order, code can be read, and the example plugins run in a real hub."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession
from openlines.cli.kinds import kinds_of
from openlines.runtime.plugins import load
from openlines.settings import Kinds, SettingsError, check, parse, read
from openlines.testing import FakeService

from tests.hub_process import HubProcess, Process
from tests.pages import DOCS, ROOT, fenced, module_of

EXAMPLES = sorted(path for path in (DOCS / "examples").iterdir() if (path / "pyproject.toml").is_file())


class AnySecret(dict[str, str]):
    """An environment in which every variable is set."""

    def __contains__(self, name: object) -> bool:
        return True

    def get(self, name: str, default: object = None) -> Any:
        return self[name]

    def __missing__(self, name: str) -> str:
        return "a secret of sixteen characters"


def examples(language: str) -> list[Any]:
    return [pytest.param(code, id=place) for place, code in fenced(language)]


@cache
def kinds() -> Kinds:
    """The installed plugins, and those of docs/examples."""
    return kinds_of(load(extra=[module_of(example_code(folder)) for folder in EXAMPLES]))


@pytest.mark.parametrize("example", examples("toml"))
def test_examples_of_settings_are_in_order(example: str) -> None:
    """Each is a whole file, or a part to be added to the sample shop's."""
    tables = tomllib.loads(example)
    if "project" in tables:
        assert tables["project"]["entry-points"]["openlines"], "an example of a pyproject that is no plugin"
        return
    document = parse(example)
    if "server" not in tables:
        document = read(ROOT / "settings.toml").with_changes(tables, document.places)
    try:
        check(document, kinds(), environ=AnySecret())
    except SettingsError as error:
        pytest.fail(str(error))


@pytest.mark.parametrize("example", examples("python"))
def test_examples_of_code_can_be_read(example: str) -> None:
    compile(example, "example", "exec")


@pytest.mark.parametrize("example", examples("json"))
def test_examples_of_bodies_are_json(example: str) -> None:
    assert isinstance(msgspec.json.decode(example.encode()), dict)


def test_the_smallest_connector_is_small() -> None:
    code = example_code(DOCS / "examples/openlines-pigeon").read_text(encoding="utf-8")
    assert len(code.splitlines()) <= 60


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_passes_its_own_tests(folder: Path) -> None:
    """As its author would run them, with the settings of its own pyproject."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    env = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* passed", done.stdout)


SETTINGS = """
[lines.shop]
greeting.enabled = false
bot.use = "tracker"
crm.use = "book"

[channels.roof]
kind = "pigeon"
line = "shop"
token = "coo"
url = "{url}/letters"

[bots.tracker]
kind = "parcel"
parcels.123456 = "on the truck"

[crm.book]
kind = "ledger"
"""


async def test_the_examples_are_plugins_that_a_hub_takes_from_outside(tmp_path: Path) -> None:
    # Given three distributions that were installed, and a hub that knows of them by its settings only
    site = installed(tmp_path / "site", EXAMPLES)
    listed = await asyncio.to_thread(openlines, site, "plugins", "--settings", str(tmp_path / "none.toml"))
    assert {"openlines-pigeon", "openlines-parcel", "openlines-ledger"} <= set(re.findall(r"openlines-\w+", listed))
    async with FakeService() as pigeons, ClientSession() as http:
        settings = SETTINGS.format(url=pigeons.url)
        async with HubProcess(tmp_path, settings, spawn=lambda words, log: spawned(site, words, log)) as hub:
            # When a letter lands, twice
            letter = {"id": "1", "loft": "tower", "text": "Where is 123456?"}
            for _ in range(2):
                async with http.post(f"{hub.address}/hooks/roof", json=letter, headers={"X-Token": "coo"}) as answer:
                    assert answer.status == 200
            # Then the bot's answer flies, and the goodbye after it; the CRM has the customer
            said = [request.json()["text"] for request in (await pigeons.asked(2))[:2]]
            assert said[0] == "Parcel 123456: on the truck."
            async with http.get(f"{hub.address}/-/plugins.json") as states:
                kept = {one["instance"]: one["state"] for one in (await states.json())["items"]}
            assert kept == {"roof": "open", "tracker": "open", "book": "open"}
            # And a letter that is none is told so
            async with http.post(f"{hub.address}/hooks/roof", json={}, headers={"X-Token": "coo"}) as answer:
                assert answer.status == 422
        sent = [request.json() for request in pigeons.requests]
        assert len({letter["key"] for letter in sent}) == len(sent), "a letter flew twice"
        assert sum(letter["text"] == said[0] for letter in sent) == 1, "the letter that landed twice was answered twice"


def installed(site: Path, folders: Sequence[Path]) -> Path:
    """A folder that holds what `pip install --target` would put there: each module, and its distribution's metadata."""
    site.mkdir()
    for folder in folders:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        code = example_code(folder)
        (site / code.name).write_bytes(code.read_bytes())
        info = site / f"{code.stem}-{project['version']}.dist-info"
        info.mkdir()
        needs = "".join(f"Requires-Dist: {need}\n" for need in project["dependencies"])
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n{needs}"
        )
        points = "".join(f"{name} = {module}\n" for name, module in project["entry-points"]["openlines"].items())
        (info / "entry_points.txt").write_text(f"[openlines]\n{points}")
    return site


def example_code(folder: Path) -> Path:
    (module,) = folder.glob("openlines_*.py")
    return module


def openlines(site: Path, *words: str) -> str:
    command = [sys.executable, "-m", "openlines.cli", *words]
    return subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(site), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def spawned(site: Path, words: Sequence[str], log: Path) -> Process:
    with log.open("ab") as sink:
        return subprocess.Popen(
            [sys.executable, "-m", "openlines.cli", *words],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env={**os.environ, "PYTHONPATH": str(site), "PYTHONUNBUFFERED": "1"},
        )
