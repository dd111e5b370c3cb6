"""How a service is chosen, and that only pinned bytes are unpacked."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from tests.services import Chromium, Unavailable, check_bytes, find_chromium, unpack


def test_a_named_browser_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "chromium"
    program.touch(mode=0o755)
    monkeypatch.setenv("OPENLINES_TEST_CHROMIUM", str(program))
    assert find_chromium() == Chromium(str(program), "OPENLINES_TEST_CHROMIUM")


def test_a_named_browser_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENLINES_TEST_CHROMIUM", str(tmp_path / "nothing"))
    with pytest.raises(Unavailable, match="OPENLINES_TEST_CHROMIUM names"):
        find_chromium()


def test_other_bytes_than_the_pinned_are_refused(tmp_path: Path) -> None:
    archive = tmp_path / "package.tgz"
    archive.write_bytes(b"something else")
    with pytest.raises(Unavailable, match=r"package\.tgz is not what was pinned"):
        check_bytes(archive, "pinned")


def test_an_archive_is_unpacked_with_its_programs_and_nothing_leaves_the_folder(tmp_path: Path) -> None:
    # Given an archive with a program, a text, and a file that would land beside the folder
    archive = tmp_path / "archive.tar"
    with tarfile.open(archive, "w") as tar:
        for name, mode in (("bin/tool", 0o755), ("read.me", 0o600), ("../escaped", 0o644)):
            member = tarfile.TarInfo(name)
            member.mode, member.size = mode, len(name)
            tar.addfile(member, io.BytesIO(name.encode()))
    folder = tmp_path / "folder"

    unpack(archive, folder)

    assert {p.relative_to(folder).as_posix(): oct(p.stat().st_mode & 0o777) for p in folder.rglob("*.*")} == {
        "read.me": "0o644"
    }
    assert (folder / "bin/tool").stat().st_mode & 0o777 == 0o755
    assert not (tmp_path / "escaped").exists()
