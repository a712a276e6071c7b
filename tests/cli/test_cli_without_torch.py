"""Without the extra `train`, help works, and what needs torch says in one line what to install."""

import shutil

import pytest

from segue.extras import remedy_for_missing
from segue.forecasting.nanotst.weights import model_folder

REMEDY = "needs torch; run pip install -c constraints.txt -e '.[train]' in the folder of the repository"
VERBS = {
    "pretrain": ("pretrain", "configs/tiny.toml", "--output", "run"),
    "export": ("export", "model"),
    "grammar show": ("grammar", "show"),
    "grammar evaluate": ("grammar", "evaluate"),
    "language train": ("language", "train", "text.txt", "--output", "run"),
    "language evaluate": ("language", "evaluate", "run", "text.txt"),
    "language generate": ("language", "generate", "run"),
    "translate train": ("translate", "train", "pairs.tsv", "--output", "run"),
    "translate evaluate": ("translate", "evaluate", "run", "pairs.tsv"),
    "translate run": ("translate", "run", "run", "a"),
    "translate align": ("translate", "align", "run", "a"),
}
CHECKED = {"export": "MODEL model", "language generate": "DIR run"}
"""The verbs that check their folder before they import torch, with the begin of the error."""
HELP = """
from typer.main import get_command
from segue.cli import app

def walk(command, words):
    try:
        command.main([*words, "--help"], prog_name="segue", standalone_mode=False)
    except SystemExit as end:
        assert not end.code
    for name, part in getattr(command, "commands", {}).items():
        walk(part, ())

walk(get_command(app), ())
"""


def test_the_block_is_torch_and_what_comes_with_it(without_torch):
    """Catches a fixture that blocks nothing, under which all other tests would pass."""
    done = without_torch("-c", "import numpy\ntry:\n    import torch.nn\nexcept ImportError as e:\n    print(e.name)")
    assert (done.stdout, done.stderr) == ("torch\n", "")


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in CHECKED])
def test_a_verb_that_needs_torch_says_what_to_install(verb, without_torch, tmp_path):
    """Catches a traceback, and a check that comes after a file was made."""
    done = without_torch("-m", "segue", *VERBS[verb], cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"segue: {verb}: {REMEDY}\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", CHECKED)
def test_a_folder_that_is_no_model_is_refused_before_torch_is_missed(verb, without_torch, tmp_path):
    """What is wrong with a folder is said without torch, too."""
    done = without_torch("-m", "segue", *VERBS[verb], cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"segue: {CHECKED[verb]}: name a folder that holds ")
    assert not list(tmp_path.iterdir())


def test_a_whole_model_is_not_exported_without_torch(without_torch, tmp_path):
    shutil.copytree(model_folder("nanotst-small"), tmp_path / "model")
    before = sorted(tmp_path.rglob("*"))
    done = without_torch("-m", "segue", *VERBS["export"], cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"segue: export: {REMEDY}\n")
    assert sorted(tmp_path.rglob("*")) == before


def test_every_help_works_without_torch(without_torch):
    """Catches an import at the head of a file."""
    done = without_torch("-c", HELP)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Usage: ") == 22


def test_a_public_name_that_needs_torch_says_what_to_install(without_torch):
    """An ImportError, as of any package that is not there; the names without torch still resolve."""
    code = """
import segue
for name in ("NanoTST", "LSTM", "train_language", "UserError"):
    try:
        getattr(segue, name)
    except ImportError as error:
        print(error)
"""
    done = without_torch("-c", code)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [f"segue.{name} {REMEDY}" for name in ("NanoTST", "LSTM", "train_language")]


def test_a_module_that_no_extra_brings_has_no_remedy():
    """Catches an error of ours, an import of a file that was moved, blamed on the user's installation."""
    assert remedy_for_missing(ModuleNotFoundError("No module named 'segue.nothing'", name="segue.nothing")) is None
    assert remedy_for_missing(ModuleNotFoundError("by hand")) is None
    package = ModuleNotFoundError("No module named 'statsforecast.models'", name="statsforecast.models")
    assert remedy_for_missing(package) == REMEDY.replace("torch", "statsforecast").replace("[train]", "[classical]")
