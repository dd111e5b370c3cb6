"""The README keeps its word: its commands exist, its links lead somewhere, its plugin runs in a real hub."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from openlines.cli.exits import MEANINGS

from tests.fake_platform import SECRET, FakePlatform
from tests.hub_process import HubProcess

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

METADATA = "Metadata-Version: 2.1\nName: openlines-echo\nVersion: 1.0\n"
SETTINGS = """
[lines.shop]
bot.use = "greeter"

[bots.greeter]
kind = "echo"

[channels.hook]
kind = "webhook"
line = "shop"
secret = "{secret}"
url = "{url}"
"""


async def test_the_plugin_in_the_readme_answers_in_a_real_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    info = site / "openlines_echo-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "openlines_echo.py").write_text(block("python"), encoding="utf-8")
    (info / "METADATA").write_text(METADATA, encoding="utf-8")
    (info / "entry_points.txt").write_text(entry_points(block("toml")), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep))

    async with (
        FakePlatform() as platform,
        HubProcess(tmp_path, SETTINGS.format(secret=SECRET, url=platform.url)) as hub,
    ):
        assert await platform.write(f"{hub.address}/hooks/hook", "clara", "1", "hello") == "stored"
        (answer,) = await platform.wait_for(1)
    assert answer["text"] == "You said: hello"


def test_the_plugin_is_as_short_as_the_readme_says() -> None:
    assert sum(bool(line.strip()) for line in block("python").splitlines()) <= 15


@pytest.mark.parametrize("command", ["$ ./run demo", "$ ./run test"])
def test_the_two_commands_stand_on_lines_of_their_own(command: str) -> None:
    assert command in README.splitlines()


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_every_plugin_is_in_the_table() -> None:
    folders = [path.parent for path in ROOT.glob("plugins/**/pyproject.toml") if "node_modules" not in path.parts]
    assert len(folders) > 5
    missing = [str(folder) for folder in folders if f"({folder.relative_to(ROOT)}/README.md)" not in README]
    assert missing == []


def test_exit_codes_are_those_of_the_commands() -> None:
    table = re.findall(r"(?m)^\| (\d) \| (.+) \|$", README)
    assert table == [(str(code.value), meaning) for code, meaning in MEANINGS.items()]


def test_the_settings_file_that_it_says_to_copy_is_in_order() -> None:
    command = [sys.executable, "-m", "openlines.cli", "check", "settings.toml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_pictures_are_quickly_there() -> None:
    pictures = re.findall(r"!\[[^\]]{20,}\]\(([^)]+\.png)\)", README)
    assert pictures == ["docs/images/console.png", "docs/images/widget.png"]
    for picture in pictures:
        assert (ROOT / picture).stat().st_size < 300_000, f"{picture} is too large: run docs/make_screenshots.py"


def block(language: str) -> str:
    """The first fenced block of a language."""
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found, f"README.md has no {language} block"
    return found[1]


def entry_points(toml: str) -> str:
    """What an installer would write of the block in `pyproject.toml`."""
    ((name, module),) = re.findall(r'(?m)^(\w+) = "(\w+)"$', toml)
    assert "[project.entry-points.openlines]" in toml
    return f"[openlines]\n{name} = {module}\n"
