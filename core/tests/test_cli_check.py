"""`openlines check` and `openlines schema`, as people and scripts use them; and the sample that comes along."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openlines.cli.app import app
from openlines.cli.check import report
from openlines.cli.exits import EPILOG, Exit
from openlines.cli.kinds import installed, kinds_of
from openlines.runtime.plugins import Loaded, Plugin
from openlines.settings import Kinds, load
from openlines.settings.models import TABLES
from rich.console import Console
from typer.testing import CliRunner

from core.tests.settings_samples import KINDS, SHOP

SAMPLE = Path(__file__).parents[2] / "settings.toml"


def checked(text: str, folder: Path, kinds: Kinds = KINDS) -> tuple[Exit, str]:
    file = folder / "settings.toml"
    file.write_text(text)
    said = io.StringIO()
    code = report(file, lambda named: kinds, Console(file=said, soft_wrap=True))
    return code, said.getvalue().replace(f"{folder}/", "")


def test_a_file_in_order_is_summed_up(tmp_path: Path) -> None:
    code, said = checked(SHOP, tmp_path)

    assert code == Exit.DONE
    assert said == "settings.toml: 1 line, 1 channel, 0 bots, 0 CRMs, 1 agent: in order\n"


def test_mistakes_are_listed_and_counted(tmp_path: Path) -> None:
    code, said = checked("[lines.shop]\nname = ''\nactve = true", tmp_path)

    assert code == Exit.SETTINGS
    assert said.splitlines() == [
        'settings.toml:2: [lines.shop] name: must not be empty (got "")',
        "settings.toml:3: [lines.shop] actve: unknown key; did you mean 'active'?",
        "2 mistakes",
    ]


def test_one_mistake_is_no_mistakes(tmp_path: Path) -> None:
    assert checked("[lines.shop]\nname = ''", tmp_path)[1].endswith("1 mistake\n")


def test_marks_of_the_terminals_language_are_shown_as_written(tmp_path: Path) -> None:
    code, said = checked('[lines.shop]\nlanguage = "[red]en[/red]"', tmp_path)

    assert code == Exit.SETTINGS
    assert '(got "[red]en[/red]")' in said


def test_a_broken_plugin_is_named_with_its_reason(tmp_path: Path) -> None:
    code, said = checked(SHOP, tmp_path, Kinds(broken={"pigeon": "ImportError: no wings (openlines-pigeon 1.2)"}))

    assert code == Exit.PLUGIN
    assert said == (
        "settings.toml:7: [channels.loft] kind: the connector pigeon is installed but broken: ImportError: no wings"
        " (openlines-pigeon 1.2); repair or reinstall it\n"
    )


def test_a_missing_file_is_a_mistake(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(tmp_path / "none.toml")])

    assert result.exit_code == Exit.SETTINGS
    assert "none.toml: cannot be read: No such file or directory" in result.stderr


def test_exit_codes_are_a_promise_to_scripts() -> None:
    assert [(code.name, code.value) for code in Exit] == [
        ("DONE", 0),
        ("FAILED", 1),
        ("SETTINGS", 2),
        ("PLUGIN", 3),
        ("STORE", 4),
        ("ADDRESS", 5),
    ]


def test_every_exit_code_is_explained_in_the_help() -> None:
    said = " ".join(CliRunner().invoke(app, ["--help"]).stdout.split())

    assert EPILOG in said
    assert all(f"{code.value} {code.meaning}" in EPILOG for code in Exit)


def test_plugins_that_were_loaded_tell_their_settings() -> None:
    loaded = Loaded(plugins=[Plugin("crow", "openlines-crow", "2.0", "ImportError: no crow")])

    kinds = kinds_of(loaded)

    assert kinds.broken == {"crow": "ImportError: no crow (openlines-crow 2.0)"}
    assert kinds.channels == {}
    assert "livechat" in kinds.installed


# -- the sample -------------------------------------------------------------------------------------------------


def test_the_sample_is_in_order_and_is_what_the_demo_needs() -> None:
    sample = load(SAMPLE, installed)

    assert sample.channels["site"].kind == "livechat"
    assert sample.lines["shop"].bot.use == "greeter"
    assert sample.bots["greeter"].kind == "menu"
    assert sample.crm["main"].kind == "embedded"
    assert {agent: each.role for agent, each in sample.agents.items()} == {
        "anna": "agent",
        "boris": "agent",
        "mila": "supervisor",
        "olga": "admin",
    }


def test_the_sample_is_in_order_with_all_that_it_proposes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "SMTP_PASSWORD", "CRM_HOOK_SECRET"):
        monkeypatch.setenv(name, "postgresql://u:p@h/d")
    proposal = tmp_path / "settings.toml"
    proposal.write_text(with_proposals(SAMPLE.read_text()))

    found = load(proposal, installed)

    assert found.channels["crm_hook"].kind == "webhook"
    assert found.mail is not None
    assert found.roles["lead"].join == "department"
    assert found.lines["shop"].form.name == "contact"


def with_proposals(text: str) -> str:
    """The sample with each commented key or table switched on, unless the file gives that key another value."""
    lines: list[str] = []
    for line in text.splitlines():
        bare = line.removeprefix("# ")
        try:
            table = tomllib.loads(bare)
        except tomllib.TOMLDecodeError:
            table = {}
        lines.append(bare if table else line)
    return "\n".join(lines)


def test_the_sample_shows_every_table() -> None:
    text = SAMPLE.read_text()

    assert [name for name in TABLES if f"[{name}" not in text] == ["bus"], "one process needs no bus"


def test_editors_find_no_fault_with_the_sample() -> None:
    result = CliRunner().invoke(app, ["schema"])

    assert result.exit_code == Exit.DONE
    faults = Draft202012Validator(json.loads(result.stdout)).iter_errors(tomllib.loads(SAMPLE.read_text()))
    assert [f"{fault.json_path}: {fault.message}" for fault in faults] == []


def test_the_module_runs_as_the_script_does() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "openlines.cli", "check", str(SAMPLE)], capture_output=True, text=True, check=False
    )

    assert done.returncode == Exit.DONE, done.stderr
    assert "in order" in done.stderr
