"""The acceptance scenarios, the examples of the docs, and `openlines rehearse`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from openlines.cli.app import app
from openlines.rehearsal import Theatre, read_scenario
from openlines.rehearsal.format import Contact, Deed, Expect, Faults, File, Kpi, Presence, Record, Step
from openlines.rehearsal.report import moment
from typer.testing import CliRunner

from tests.pages import fenced, text_of
from tests.rehearsed import SAMPLE_SHOP, SHOP, any_theatre

SCENARIOS = sorted((Path(__file__).parent / "scenarios").rglob("*.toml"))


@pytest.fixture(scope="module")
def theatre() -> Iterator[Theatre]:
    with any_theatre() as theatre:
        yield theatre


# -- acceptance -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_scenario(theatre: Theatre, file: Path) -> None:
    outcome = theatre.play(read_scenario(file))
    story = "\n".join(
        f"{moment(line.at):>10}  {line.text}"
        + (f"\n    expected {line.expected}\n    got {line.got}" if line.got else "")
        for line in outcome.timeline
    )
    assert outcome.passed, f"{outcome.title}\n{story}"


# -- the docs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", [pytest.param(code, id=place) for place, code in fenced("toml rehearsal")])
def test_an_example_of_the_docs_passes(theatre: Theatre, tmp_path: Path, example: str) -> None:
    (tmp_path / "settings.toml").write_text(SAMPLE_SHOP.read_text())
    (tmp_path / "example.toml").write_text(example)
    outcome = theatre.play(read_scenario(tmp_path / "example.toml"))
    assert outcome.passed, outcome.timeline


def test_the_docs_name_every_key() -> None:
    page = text_of("rehearsals.md")
    keys = {key for model in (File, Step, Expect, Record, Contact, Faults, Kpi) for key in model.model_fields}
    choices = {choice for choices in (Presence, Deed) for choice in get_args(choices)}
    unnamed = {key for key in keys | choices if not re.search(rf"`[^`\n]*\b{key}\b[^`\n]*`", page)}
    assert unnamed - {"crm", "step", "set", "faults"} == set()


# -- the command --------------------------------------------------------------------------------------------------

GOOD = f'{SHOP}\n[[step]]\nat = 0\ncustomer = "ivan"\nsays = "Hello"\nexpect = {{ offered = ["anna"] }}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.toml").write_text(GOOD)
    (tmp_path / "bad.toml").write_text(
        GOOD.replace('offered = ["anna"]', 'offered = ["boris"]').replace("A story", "Wrong")
    )
    (tmp_path / "settings.toml").write_text('[lines.shop]\nname = "Shop"\n')
    return tmp_path


def command(*words: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["rehearse", *map(str, words)])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_tells_where_it_differs(folder: Path) -> None:
    code, out, _ = command(folder)
    assert code == 1
    assert out.splitlines()[-1] == "1 passed, 1 failed"
    assert "✗ Wrong" in out
    assert 'expected  ["boris"]' in out
    assert 'got       ["anna"]' in out
    assert f"bad.toml:{len(GOOD.splitlines())}" in out
    assert "A story" not in out


def test_the_command_is_content_when_all_pass(folder: Path) -> None:
    assert command(folder / "good.toml")[:2] == (0, "1 passed, 0 failed\n")


def test_passing_ones_are_told_on_demand(folder: Path) -> None:
    code, out, _ = command(folder, "-v", "-k", "a STORY")
    assert code == 0
    assert '▸ ivan says "Hello"' in out
    assert out.splitlines()[-1] == "1 passed, 0 failed"


def test_a_wrong_file_is_told_and_the_others_are_played(folder: Path) -> None:
    (folder / "wrong.toml").write_text(GOOD.replace("says", "sais"))
    (folder / "refused.toml").write_text(GOOD.replace('"12h"', '"13h"'))
    code, out, errors = command(folder)
    assert code == 2
    assert "sais: unknown key; did you mean 'says'?" in errors
    assert "queue.idle_time: is too long" in errors
    assert out.splitlines()[-1] == "1 passed, 1 failed"


def test_nothing_to_play_is_a_mistake(folder: Path) -> None:
    code, _, errors = command(folder, "-k", "nobody")
    assert code == 2
    assert "no scenarios here that have 'nobody'" in errors


def test_several_processes_say_the_same(folder: Path) -> None:
    for number in range(20):
        (folder / f"more-{number}.toml").write_text(GOOD)
    code, out, _ = command(folder, "--jobs", "2")
    assert (code, out.splitlines()[-1]) == (1, "21 passed, 1 failed")
    assert out == command(folder)[1]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0:00"), (61.5, "1:01.5"), (3600, "01:00:00"), (183_845, "2d 03:04:05")]
)
def test_moments_read_as_on_a_stopwatch(seconds: float, words: str) -> None:
    assert moment(seconds) == words
