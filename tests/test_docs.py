"""The documentation is run: its Python, its commands that train nothing; links lead somewhere.

The blocks of one document share their names and their folder, in the order in which a reader meets them.
"""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from segue.cli import app
from segue.forecasting.nanotst.weights import model_folder

ROOT = Path(__file__).parent.parent
PAGES = [
    path
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("src/**/README.md"),
    )
    if path.is_file() and "node_modules" not in path.parts
]
BLOCK = re.compile(r"^```(python|sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")
COMMAND = re.compile(
    r"(?:\$ )?segue (?:forecast|backtest|simulate|explain|watch|grammar) "
)  # other verbs would train for hours

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """What a reader has: the examples, a file `sales.csv`, a run `runs/mine`, and `model`, a copy of a model folder."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    rows = (f"2025-01-{day:02},{store},{(day * store) % 7}" for store in (1, 2) for day in range(1, 32))
    (tmp_path / "sales.csv").write_text("\n".join(("day,store,units", *rows)), encoding="utf-8")
    shutil.copytree(model_folder("nanotst"), tmp_path / "model")
    shutil.copytree(model_folder("nanotst-small"), tmp_path / "runs" / "mine" / "model")
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
    missing = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name == "README.md"], ids=lambda page: page.parent.name
)
def test_a_design_names_files_that_are_there(page):
    """Catches a tree or a design that speaks of a file which was renamed or dropped."""
    there = {path.name for path in page.parent.rglob("*.py")}
    assert set(re.findall(r"\b\w+\.py\b", page.read_text(encoding="utf-8"))) <= there


@pytest.mark.parametrize(
    ("verb", "page"),
    [("forecast", "forecasting.md"), ("backtest", "backtesting.md"), ("watch", "live.md"), ("serve", "serving.md")],
)
def test_the_page_on_a_verb_names_every_flag(verb, page):
    """Catches a flag that was added or renamed without a word, and one that was dropped and lives on in the page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    command = typer.main.get_command(app).commands[verb]
    flags = {flag for parameter in command.params for flag in parameter.opts if flag.startswith("--")} | {"--help"}
    table = re.findall(r"^\| `(--[\w-]+)", text, re.MULTILINE)
    assert sorted(table) == sorted(flags)


def test_the_tree_names_every_module_and_imports_none():
    """Catches a module without a line that says what it is, and a tree that needs torch to be printed."""
    command = [sys.executable, "-S", ROOT / "docs" / "tree.py"]  # without site: no package can be imported
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [line.split(maxsplit=1) for line in printed.splitlines() if line.split()[0].endswith(".py")]
    modules = [
        path for folder in ("src", "benchmarks", "docs", "course", "examples") for path in (ROOT / folder).rglob("*.py")
    ]
    assert sorted(line[0] for line in lines) == sorted(path.name for path in modules if path.name != "__init__.py")
    assert all(len(line) == 2 for line in lines)


def test_the_readme_is_short_and_the_index_names_every_page():
    """Catches a README that grows again, and a page that nobody finds."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 130
    start = set(LINK.findall((ROOT / "docs" / "index.md").read_text(encoding="utf-8")))
    assert {path.name for path in ROOT.glob("docs/*.md")} - {"index.md"} <= start
    learn = set(LINK.findall((ROOT / "docs" / "learn" / "index.md").read_text(encoding="utf-8")))
    assert {path.name for path in ROOT.glob("docs/learn/*.md")} - {"index.md"} <= learn
