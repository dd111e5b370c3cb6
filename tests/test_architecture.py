"""What must hold for the whole tree: the shape of plugins, the reach of imports, the size of modules, stray paths."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from openlines.api import Specs

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = sorted(file.parent for file in ROOT.glob("plugins/**/pyproject.toml") if "node_modules" not in file.parts)
DOMAIN = sorted((ROOT / "core/openlines/domain").glob("*.py"))
LONGEST_MODULE = 500
LONGEST_TEST = 700
"""Lines. A long table of cases is easier to read in one piece."""
SOURCES = {".py", ".ts", ".tsx"}
TEXTS = SOURCES | {
    ".css",
    ".html",
    ".ini",
    ".js",
    ".json",
    ".mako",
    ".md",
    ".sh",
    ".svg",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
}
NOT_OURS = {".cache", ".git", ".hypothesis", ".venv", "build", "dist", "node_modules", "static", "__pycache__"}
SOMEONES_FOLDER = re.compile(r"(?<![\w.~/-])/(?:work|root|home/\w+|Users/\w+)/|(?<!\w)\.\./shared")
DOMAIN_MAY_IMPORT = {
    *("__future__", "collections", "dataclasses", "enum", "typing"),
    *("bisect", "functools", "hashlib", "heapq", "itertools", "math", "operator", "re", "unicodedata"),
    *("datetime", "zoneinfo"),  # to reckon with, see below for the clock
    "msgspec",
}
ASKS_THE_CLOCK = {"now", "today", "utcnow"}


def our_files(suffixes: set[str]) -> Iterator[Path]:
    """Every file of the project with such a name; what tools and builds leave behind is none."""

    def walk(folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if path.name in NOT_OURS or path.name.endswith("_cache") or path == ROOT / "data":
                continue
            if path.is_dir():
                yield from walk(path)
            elif path.suffix in suffixes or (not path.suffix and path.name == "run"):
                yield path

    return walk(ROOT)


def test_the_tree_has_plugins() -> None:
    assert PLUGINS, "no plugin was found: the tests below would hold of nothing"


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
class TestPlugin:
    """Every plugin in this repository is what a third party would publish."""

    def test_it_is_named_after_its_folder_everywhere(self, folder: Path) -> None:
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        assert project["name"] == f"openlines-{folder.name}"
        assert project["entry-points"]["openlines"] == {folder.name: f"openlines_{folder.name}"}

    def test_it_says_which_core_it_needs(self, folder: Path) -> None:
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        needs = [need for need in project["dependencies"] if need.startswith(("openlines>", "openlines~"))]
        assert needs, f"{folder.name}/pyproject.toml: name the core's versions: openlines>=0.1,<0.2"
        assert "<" in needs[0] or "~=" in needs[0], f"{folder.name}: {needs[0]} has no upper bound"

    def test_it_is_typed(self, folder: Path) -> None:
        assert (folder / f"openlines_{folder.name}/py.typed").is_file(), (
            "its types are no use to others without py.typed"
        )

    def test_it_explains_itself(self, folder: Path) -> None:
        readme = folder / "README.md"
        assert readme.is_file(), f"plugins/.../{folder.name} has no README.md"
        assert len(readme.read_text().split()) > 50, f"{readme.name} of {folder.name} says next to nothing"

    def test_it_has_tests_of_its_own(self, folder: Path) -> None:
        assert list((folder / "tests").glob("test_*.py")), f"{folder.name} has no tests"

    def test_it_implements_a_hook(self, folder: Path) -> None:
        assert hooks_of(folder), f"openlines_{folder.name} implements no hook, so a hub would load it for nothing"


def hooks_of(folder: Path) -> set[str]:
    module = import_module(f"openlines_{folder.name}")
    return {name for name in spec_names() if hasattr(getattr(module, name, None), "openlines_impl")}


def spec_names() -> set[str]:
    return {name for name in vars(Specs) if name.startswith("openlines_")}


def test_every_hook_has_a_provider_or_a_place_in_the_docs() -> None:
    provided = {hook for folder in PLUGINS for hook in hooks_of(folder)}
    docs = "\n".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))
    nowhere = {hook for hook in spec_names() - provided if hook not in docs}
    assert not nowhere, f"hooks that nobody provides and docs/ does not name: {sorted(nowhere)}"


def test_the_workspace_knows_every_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    names = {f"openlines-{folder.name}" for folder in PLUGINS}
    sources = project["tool"]["uv"]["sources"]
    contracts = project["tool"]["importlinter"]
    assert names <= set(sources), "[tool.uv.sources] lacks plugins: uv would look for them in an index"
    packages = {name.replace("-", "_") for name in names}
    assert packages <= set(project["tool"]["mypy"]["packages"]), "[tool.mypy] packages lacks plugins"
    assert packages <= set(contracts["root_packages"]), "[tool.importlinter] root_packages lacks plugins"


def test_modules_are_short_enough_to_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in our_files(SOURCES)
        if (lines := len(path.read_text().splitlines())) > (LONGEST_TEST if "tests" in path.parts else LONGEST_MODULE)
    }
    assert not long, f"longer than {LONGEST_MODULE} lines; would two ideas rather have two files? {long}"


def test_nothing_names_the_machine_it_was_written_on() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in our_files(TEXTS)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if (match := SOMEONES_FOLDER.search(line))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("folder", ["work", "root", "home/olga", "Users/olga"])
def test_a_path_of_a_machine_would_be_found(folder: str) -> None:
    assert SOMEONES_FOLDER.search(f"see /{folder}/notes")
    assert not SOMEONES_FOLDER.search(f"see ./{folder}/notes, https://shop.example/{folder}/notes")


def test_test_files_are_named_uniquely() -> None:
    names: dict[str, Path] = {}
    for path in our_files({".py"}):
        if path.name.startswith("test_"):
            assert path.name not in names, f"{path} and {names[path.name]} have one name: a report would confuse them"
            names[path.name] = path


def test_the_domain_is_pure() -> None:
    """Only what computes: no I/O, no clock, no randomness, no library but msgspec."""
    foreign = {
        f"{path.name} imports {name}"
        for path in DOMAIN
        for name in imported(path)
        if name.partition(".")[0] not in DOMAIN_MAY_IMPORT and not name.startswith("openlines.domain")
    }
    assert not foreign, sorted(foreign)


def test_the_domain_asks_no_clock() -> None:
    asking = {
        f"{path.name}:{node.lineno}: {ast.unparse(node)}"
        for path in DOMAIN
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKS_THE_CLOCK
    }
    assert not asking, f"time comes in as a value: {sorted(asking)}"


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_importing_the_domain_pulls_in_nothing_that_waits() -> None:
    """What an indirect import would bring shows only in a fresh interpreter."""
    modules = ", ".join(f"openlines.domain.{path.stem}" for path in DOMAIN if path.stem != "__init__")
    script = f"import json, sys, {modules}; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    )
    heavy = {"asyncio", "aiohttp", "pluggy", "pydantic", "sqlalchemy", "structlog", "typer"} & set(loaded)
    assert not heavy, f"importing openlines.domain also imports {sorted(heavy)}"
