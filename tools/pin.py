"""Write the versions that are resolved now into `[tool.uv] constraint-dependencies`: `./run pin`.

A lock file would say the same and record the addresses of whoever made it; a constraint holds a name and a version.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
UV = os.environ.get("UV", "uv")
EXPORT = "export --quiet --upgrade --no-hashes --no-emit-workspace --no-annotate --no-header --all-groups --all-extras"


def main() -> None:
    file = ROOT / "pyproject.toml"
    unpinned = _with_pins(file.read_text(encoding="utf-8"), [])
    file.write_text(unpinned, encoding="utf-8")
    exported = subprocess.run([UV, *EXPORT.split()], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603
    pins = [line.strip() for line in exported.stdout.splitlines() if "==" in line]
    file.write_text(_with_pins(unpinned, pins), encoding="utf-8")
    sys.stdout.write(f"{len(pins)} versions pinned in {file.name}\n")


def _with_pins(text: str, pins: list[str]) -> str:
    listed = "".join(f'  "{pin}",\n' for pin in pins)
    block = f"constraint-dependencies = [\n{listed}]" if pins else "constraint-dependencies = []"
    return re.sub(r"constraint-dependencies = \[.*?\n?\]", lambda _: block, text, count=1, flags=re.DOTALL)


if __name__ == "__main__":
    main()
