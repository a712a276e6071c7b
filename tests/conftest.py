"""One thread for the whole run: on tensors this small, threads cost more than they save, most on a busy machine."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported; subprocesses inherit it

import subprocess
import sys
from pathlib import Path

import jaxtyping
import pytest

REFUSE = """
import sys
from importlib.abc import MetaPathFinder


class Refusing(MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] in {packages}:
            raise ModuleNotFoundError(f"No module named {{fullname!r}}", name=fullname)


sys.meta_path.insert(0, Refusing())
"""
"""A `sitecustomize` module: Python runs it at its start, and so does every process that a process starts."""


def pytest_configure(config):
    """Notices are for users; the tests of notices ask for them."""
    config.addinivalue_line("filterwarnings", "ignore::segue.errors.Notice")


@pytest.fixture
def shapes_unchecked():
    """For tests that call the same functions many thousand times, where the checks take more time than the functions.

    Other tests of the same room check the shapes of these functions.
    """
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="module")
def no_sync():
    """Waiting for the disk guards against power cuts, which no test makes, and takes most of a tiny run's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session")
def without_torch(tmp_path_factory):
    """Runs Python in a subprocess that has the core install only: importing torch raises ModuleNotFoundError there.

    Call it as Python is called, `without_torch("-c", "import segue")` or `without_torch("-m", "segue", "--help")`,
    with `cwd=` for another folder; it returns what `subprocess.run` returns, output as text.
    """
    from segue.extras import EXTRAS

    folder = tmp_path_factory.mktemp("without_torch")
    (folder / "sitecustomize.py").write_text(REFUSE.format(packages=EXTRAS["train"]), encoding="utf-8")

    def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    return run
