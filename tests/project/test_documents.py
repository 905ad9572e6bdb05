"""The documents say what the code does."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import core.errors

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_has_the_keys_and_the_settings_of_the_code(build: ModuleType) -> None:
    """If this fails, run `make docs`."""
    assert build.readme(README) == README


def test_every_picture_and_page_that_the_readme_names_is_there() -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert linked
    assert [path for path in linked if not (ROOT / path).is_file()] == []


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)) <= targets


def test_make_help_names_every_target_for_people() -> None:
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"run", "demo", "test", "lint", "bench"} <= set(re.findall(r"make (\w+)", done.stdout))


def requirement_names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~;\[ ]", requirement, maxsplit=1)[0] for requirement in requirements}


def test_every_dependency_has_its_reason_and_nothing_else_has() -> None:
    declared = requirement_names(PYPROJECT["project"]["dependencies"] + PYPROJECT["dependency-groups"]["dev"])
    cells = re.findall(r"^\| ([a-z][^|]*) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    reasoned = {re.sub(r"\[.*\]", "", name.strip()) for cell in cells for name in cell.split(",")} - {
        "package"
    }
    assert reasoned == declared


def test_the_lock_files_pin_every_dependency_with_a_hash() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        pinned = {
            match.lower() for match in re.findall(r"^([A-Za-z0-9_.-]+)(?:\[.*\])?==", text, re.MULTILINE)
        }
        assert requirement_names(PYPROJECT["project"]["dependencies"]) <= pinned
        assert text.count("==") <= text.count("--hash=sha256:")
        assert "://" not in text


def test_the_error_tree_in_the_documentation_is_the_one_in_the_code() -> None:
    drawn = set(re.findall(r"[─│] +([A-Z]\w+)|^    (RondaError)", core.errors.__doc__ or "", re.MULTILINE))
    defined = {
        name
        for name, value in vars(core.errors).items()
        if isinstance(value, type) and issubclass(value, core.errors.RondaError)
    }
    assert {one or other for one, other in drawn} == defined


def test_the_catalogue_of_messages_is_current(tmp_path: Path) -> None:
    """If this fails, run `make messages`."""
    fresh = tmp_path / "ronda.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract", "--no-location"]
    command += ["--sort-output", "--keywords", "N_", "--output", str(fresh), "core", "tui"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    kept = ROOT / "core" / "locales" / "ronda.pot"
    assert message_ids(kept) == message_ids(fresh)


def message_ids(path: Path) -> list[str]:
    return re.findall(r'^msgid(?:_plural)? (?:"(.*)"|""((?:\n"(?:.*)")+))', path.read_text(), re.MULTILINE)
