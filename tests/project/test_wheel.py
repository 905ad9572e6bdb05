"""The wheel holds all that the product needs, outside a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.packaging


def run(*command: str | Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd="/",
        env=env,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=110)
    return next(folder.glob("ronda-*.whl"))


def test_styles_migrations_and_catalogues_are_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    packages = ("core", "tui", "migrations")
    shipped = {
        str(path.relative_to(ROOT))
        for package in packages
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix in {".py", ".tcss", ".mako", ".mo", ".po", ".pot"}
    }
    assert any(name.endswith(".pot") for name in shipped)
    assert shipped <= names
    assert not any(name.startswith(("tests/", "bench/")) for name in names)


def test_the_installed_wheel_migrates_a_new_database(wheel: Path, scratch_home: Path) -> None:
    """In an environment that has the dependencies and the wheel, and no checkout."""
    environment = scratch_home / "venv"
    venv.create(environment, with_pip=False)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    zipfile.ZipFile(wheel).extractall(site)
    # A path in a .pth file is not searched for further .pth files: the checkout stays out.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = environment / "bin" / "python"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(scratch_home),
        "RONDA_DATA_DIR": str(scratch_home / "data"),
    }
    assert str(ROOT) not in run(python, "-c", "import core, tui, migrations; print(core.__file__)", env=env)
    run(python, "-m", "tui", "db", "upgrade", env=env)
    assert run(python, "-m", "tui", "db", "current", env=env).strip()
