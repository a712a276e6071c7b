"""The documentation is run: its Python, its `segue forecast`, `backtest` and `grammar` commands; links lead somewhere.

The blocks of one document share their names and their folder, in the order in which a reader meets them.
"""

import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer

from segue.cli import app
from segue.config import read_config
from segue.forecasting.nanotst.model import NanoTST
from segue.forecasting.nanotst.weights import bundled, find_model
from segue.forecasting.pretraining.pretrain import PretrainConfig

ROOT = Path(__file__).parent.parent
PAGES = [
    path
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"), *ROOT.glob("src/**/README.md"))
    if path.is_file()
]
BLOCK = re.compile(r"^```(python|sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")
COMMAND = re.compile(r"(?:\$ )?segue (?:forecast|backtest|grammar) ")  # other verbs would train for hours

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """What the README's reader has: the examples, a file `sales.csv` and a run `runs/mine`, whose model is untrained.

    In a clone without bundled weights that model also answers to the name `nanotst`.
    """
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    rows = (f"2025-01-{day:02},{store},{(day * store) % 7}" for store in (1, 2) for day in range(1, 32))
    (tmp_path / "sales.csv").write_text("\n".join(("day,store,units", *rows)), encoding="utf-8")
    model = tmp_path / "runs" / "mine" / "model"
    model.parent.mkdir(parents=True)
    NanoTST(read_config(PretrainConfig, ROOT / "configs" / "tiny.toml").model).save_pretrained(model)
    found = {} if "nanotst" in bundled() else {"nanotst": model}
    monkeypatch.setattr("segue.forecasting.nanotst.model.find_model", lambda name: found.get(name) or find_model(name))
    monkeypatch.chdir(tmp_path)


@pages
def test_what_a_page_shows_runs(page, workplace):
    """Catches documentation that was true once."""
    text = page.read_text(encoding="utf-8")
    names = {"__name__": "__main__"}
    for block in BLOCK.finditer(text):
        language, code = block.groups()
        if language == "python":
            above = text.count("\n", 0, block.start(2))  # so that a traceback names the line of the page
            exec(compile("\n" * above + code, str(page), "exec"), names)
            continue
        for line in code.replace("\\\n", " ").splitlines():
            if COMMAND.match(line):
                _, verb, *arguments = shlex.split(line.removeprefix("$ "), comments=True)
                typer.main.get_command(app).commands[verb].main(arguments, standalone_mode=False)


@pages
def test_what_a_page_links_to_is_there(page):
    """Catches links to files that were moved."""
    if page.name == "README.md" and page.parent == ROOT and "nanotst" not in bundled():
        pytest.skip("it shows the bundled model's card and picture, and this clone has none")
    missing = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name == "README.md"], ids=lambda page: page.parent.name
)
def test_a_design_names_files_that_are_there(page):
    """Catches a tree or a design that speaks of a file which was renamed or dropped."""
    there = {path.name for path in page.parent.rglob("*.py")}
    assert set(re.findall(r"\b\w+\.py\b", page.read_text(encoding="utf-8"))) <= there


@pytest.mark.parametrize(("verb", "page"), [("forecast", "forecasting.md"), ("backtest", "backtesting.md")])
def test_the_page_on_a_verb_names_every_flag(verb, page):
    """Catches a flag that was added or renamed without a word, and one that was dropped and lives on in the page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    command = typer.main.get_command(app).commands[verb]
    flags = {flag for parameter in command.params for flag in parameter.opts if flag.startswith("--")} | {"--help"}
    table = re.findall(r"^\| `(--[\w-]+)", text, re.MULTILINE)
    assert sorted(table) == sorted(flags)
