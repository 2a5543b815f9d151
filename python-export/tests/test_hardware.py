import subprocess
from pathlib import Path

import pytest

from tailor_export import hardware


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A committed package inside a repository."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__init__.py").write_text("a = 1\n", encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    return folder


def test_the_commit_is_that_of_the_package(package: Path) -> None:
    assert hardware.commit(package) == git(package, "rev-parse", "HEAD")


def test_a_change_inside_the_package_is_told_and_one_beside_it_is_not(package: Path) -> None:
    (package.parent / "notes.txt").write_text("beside", encoding="utf-8")
    assert hardware.commit(package) == git(package, "rev-parse", "HEAD")
    (package / "new.py").write_text("b = 2\n", encoding="utf-8")
    assert hardware.commit(package) == git(package, "rev-parse", "HEAD") + "-dirty"


def test_an_installed_copy_has_no_commit(package: Path) -> None:
    """Not even inside somebody else's repository."""
    copy = package.parent / "venv" / "tailor_export"
    copy.mkdir(parents=True)
    (copy / "__init__.py").write_text("a = 1\n", encoding="utf-8")
    assert hardware.commit(copy) is None
