"""The docs say what the code does: nothing is missing in them, nothing in them is stale, no link is dead."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import msgspec
import pytest
from openlines.api import PluginError, Specs, contracts
from openlines.cli.app import app as command_line
from openlines.cli.exits import Exit
from openlines.cli.kinds import every_installed
from openlines.domain import commands, entries, events
from openlines.runtime.supervisor import STATES
from openlines.settings.models import TABLES
from openlines.web.api import ROUTES
from openlines.web.endpoint import PREFIX
from openlines_livechat import wire
from pydantic import BaseModel
from typer.main import get_command

from tests.pages import DOCS, PAGES, ROOT, module_of, name_of, text_of


def named(names: Sequence[str], page: str) -> list[str]:
    """Those that a page does not name, in code as it would be written."""
    text = text_of(page)
    return [name for name in names if not re.search(rf"`[^`\n]*(?<![\w.]){re.escape(name)}(?!\w)[^`\n]*`", text)]


# -- nothing is missing -----------------------------------------------------------------------------------------


def test_every_hook_is_explained_to_authors() -> None:
    hooks = [name for name in vars(Specs) if name.startswith("openlines_")]
    assert hooks
    assert not named(hooks, "authors.md"), "docs/authors.md: add them to the table of hooks"


def test_every_command_is_explained_to_deployers() -> None:
    found = [" ".join(words) for words in command_paths(get_command(command_line), ("openlines",))]
    assert "openlines agent password" in found, "the walk over the command line went astray"
    assert not named(found, "deployers.md"), "docs/deployers.md: add them to the table of commands"


def command_paths(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    inner: Mapping[str, Any] = getattr(command, "commands", {})
    if not inner:
        yield words
    for name, one in inner.items():
        yield from command_paths(one, (*words, name))


def test_every_exit_code_is_explained_to_deployers() -> None:
    table = text_of("deployers.md").partition("| Exit code |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == [str(code.value) for code in Exit]


def test_every_metric_is_explained_to_deployers() -> None:
    sources = [*ROOT.glob("core/openlines/**/*.py"), *ROOT.glob("plugins/**/openlines_*/**/*.py")]
    metrics = {name for path in sources for name in metrics_in(ast.parse(path.read_text(encoding="utf-8")))}
    assert len(metrics) > 5, "the search for metrics went astray"
    assert not named(sorted(metrics), "deployers.md"), "docs/deployers.md: add them to the table of metrics"


def metrics_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=kind), args=[ast.Constant(value=str(name)), *_]) if name.startswith(
                "openlines_"
            ):
                if kind in ("Counter", "Gauge", "Histogram", "Summary"):
                    yield f"{name}_total" if kind == "Counter" else name


def test_every_state_of_a_plugin_is_explained_to_deployers() -> None:
    assert not named(STATES, "deployers.md")


def test_every_error_that_a_plugin_may_raise_is_explained_to_authors() -> None:
    def below(error: type[Exception]) -> Iterator[str]:
        for each in error.__subclasses__():
            if each.__module__.startswith("openlines.api"):
                yield each.__name__
                yield from below(each)

    assert not named(sorted(below(PluginError)), "authors.md")


@pytest.mark.parametrize("contract", ["Turn", "Answer"])
def test_every_field_of_a_bot_is_explained_to_teams(contract: str) -> None:
    fields = getattr(contracts, contract).__dataclass_fields__
    assert not named(list(fields), "teams.md"), f"docs/teams.md: say what these of {contract} are"


def test_every_event_command_and_entry_is_in_the_reference() -> None:
    unions = (events.AnyEvent, commands.AnyCommand, entries.AnyEntry)
    structs = [one.__name__ for union in unions for one in get_args(union)]
    missing = [name for name in structs if f"### `{name}`\n" not in text_of("reference/events.md")]
    assert not missing, "docs/make_reference.py: put these unions into SECTIONS"


def test_every_table_of_the_settings_is_in_the_reference() -> None:
    missing = [name for name in TABLES if not re.search(rf"^## `\[{name}[\].]", text_of("reference/settings.md"), re.M)]
    assert not missing


def test_every_key_of_the_settings_is_in_the_reference() -> None:
    text = text_of("reference/settings.md")
    schema = every_installed()
    ours = [model for table in ("channels", "bots", "crm") for model in schema.of(table).values()]
    keys = {key for model in ours if model.__module__.startswith("openlines_") for key in all_keys(model, set())}
    assert not [key for key in keys if f"`{key}`" not in text and f".{key}]`" not in text]


def all_keys(model: type[BaseModel], seen: set[type]) -> Iterator[str]:
    seen.add(model)
    for key, field in model.model_fields.items():
        yield key
        if isinstance(inner := field.annotation, type) and issubclass(inner, BaseModel) and inner not in seen:
            yield from all_keys(inner, seen)


def test_every_call_of_the_staff_api_is_in_the_reference() -> None:
    calls = [f"{route.method} {PREFIX}{route.path}" for route in ROUTES]
    assert not named(calls, "reference/http.md")


def test_every_frame_of_live_chat_is_in_the_reference() -> None:
    frames = [str(one.__struct_config__.tag) for one in get_args(wire.Frame) if issubclass(one, msgspec.Struct)]
    assert "hello" in frames, "the search for frames went astray"
    assert not named(frames, "reference/http.md")


# -- nothing is stale -------------------------------------------------------------------------------------------


@cache
def made() -> ModuleType:
    return module_of(DOCS / "make_reference.py")


def test_the_reference_is_what_the_code_says() -> None:
    stale = [name_of(path) for path, text in made().pages() if path.read_text(encoding="utf-8") != text]
    assert not stale, f"run ./run python docs/make_reference.py, and read what changed: {stale}"


def test_what_is_said_to_have_no_effect_has_none() -> None:
    """The reference marks settings that nothing reads. Whoever reads one takes its mark away."""
    sources = {
        path: path.read_text(encoding="utf-8")
        for folder in ("domain", "runtime", "web", "cli")
        for path in (ROOT / "core/openlines" / folder).rglob("*.py")
        if path.name not in ("policy.py", "diagram.py")
    }
    read_by = {
        f"{setting}: {name_of(path)}"
        for setting, reading in made().UNREAD.items()
        for path, code in sources.items()
        if re.search(reading, code)
    }
    assert not read_by, f"docs/make_reference.py: take them out of UNREAD, and docs/deployers.md after it: {read_by}"


# -- links lead somewhere ---------------------------------------------------------------------------------------

LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.*)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.is_relative_to(ROOT) or not target.exists():
            dead.append(link)
        elif anchor and anchor not in anchors(target):
            dead.append(f"{link} (no such heading)")
    assert not dead, f"{name_of(page)} links to {dead}"


def anchors(page: Path) -> set[str]:
    headings = HEADING.findall(CODE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_can_be_reached_from_the_first() -> None:
    reached, ahead = {DOCS / "index.md"}, [DOCS / "index.md"]
    while ahead:
        page = ahead.pop()
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.is_relative_to(ROOT) and target.exists() and target not in reached:
                reached.add(target)
                ahead.append(target)
    lost = [name_of(page) for page in DOCS.rglob("*.md") if page not in reached]
    assert not lost, f"no page leads to {lost}"
