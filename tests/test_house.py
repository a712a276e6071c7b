"""The rules of the house: style, types, the direction of the arrows, short files and functions, fast imports."""

import ast
import graphlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import segue

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
SHORT = [
    *SOURCES,
    *(path for name in ("benchmarks", "course", "examples") for path in sorted((ROOT / name).rglob("*.py"))),
]
SHORT.append(ROOT / "nano_tst.py")
FORECASTING = ROOT / "src" / "segue" / "forecasting"
LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports_command as lint; sys.exit(lint())"


def run(*arguments: str) -> str:
    """Runs this Python in the repository root and returns what it printed; fails with it on another status than 0."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "check",
    [
        ("-m", "ruff", "format", "--check", "."),
        ("-m", "ruff", "check", "."),
        ("-m", "mypy", "--cache-dir", str(ROOT / ".mypy_cache")),  # half a minute once, a second with the cache
        ("-c", LINT_IMPORTS),
    ],
    ids=["format", "lint", "types", "arrows"],
)
def test_the_checks_of_a_developer_pass(check):
    """What CONTRIBUTING asks for before a commit; catches that nobody asked."""
    run(*check)


@pytest.mark.parametrize("path", SHORT, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_and_its_functions_are_short_and_the_file_says_what_it_is(path):
    """One concept a file, at most 300 lines; a function has at most 50, from `def` to its end, docstring included."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    assert len(text.splitlines()) <= 300
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= 50] == []


def rooms() -> dict[str, set[str]]:
    """The rooms that each room of forecasting imports; a room is a file at its root, or a folder."""
    arrows: dict[str, set[str]] = {}
    for path in FORECASTING.rglob("*.py"):
        room = path.relative_to(FORECASTING).parts[0].removesuffix(".py")
        imports = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
        modules = [(node.module or "").split(".") for node in imports]
        others = {module[2] for module in modules if module[:2] == ["segue", "forecasting"] and len(module) > 2}
        arrows.setdefault(room, set()).update(others - {room})
    return arrows


def test_the_rooms_of_forecasting_have_few_arrows_and_no_circle():
    """At most 28; that none runs back up is a contract of import-linter. Lazy imports and imports for types count."""
    arrows = rooms()
    assert len(arrows) > 5
    # 20 without the answers. They forecast tables of several series, and have verbs of their own: so they use the
    # table, the predictor, the support and the registry, and the autoregression among the baselines. With the front
    # door's arrow to them that is 6 more. A predictor reads what is known of the future, and a backtest gives it: that
    # is 2 more.
    assert sum(map(len, arrows.values())) <= 28, arrows
    graphlib.TopologicalSorter(arrows).prepare()  # raises CycleError


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_library_never_prints(path):
    """Catches the call itself, also where a linter's rule is switched off; the command line prints by a console."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert not [call.lineno for call in calls if isinstance(call, ast.Name) and call.id == "print"]


def test_the_public_names_are_these():
    """Pins the surface, in the order ruff keeps; catches a name that type checkers know and Python does not."""
    typed = {
        alias.asname or alias.name
        for block in ast.parse(inspect.getsource(segue)).body
        if isinstance(block, ast.If)  # if TYPE_CHECKING
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    lazy = {name for names in segue._HOMES.values() for name in names}
    assert set(segue.__all__) == typed == lazy
    assert len(set(segue.__all__)) == len(segue.__all__)
    assert set(segue.__all__) <= set(dir(segue))


@pytest.mark.parametrize("name", segue.__all__)
def test_a_public_name_resolves_and_is_documented(name):
    """Catches a name that has moved, or one that comes without a word of help."""
    public = getattr(segue, name)
    assert name == "LEVELS" or (public.__name__ == name and public.__doc__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    """Catches a lazy module that answers None, or raises KeyError, on which `hasattr` would fail."""
    with pytest.raises(AttributeError, match="'segue' has no attribute 'Nonsense'"):
        segue.Nonsense  # noqa: B018
    assert not hasattr(segue, "__wrapped__")


def test_importing_segue_is_cheap():
    """Catches an import at the head of a file that makes `segue --help` wait seconds for torch or pandas."""
    heavy = "{'torch', 'pandas', 'numpy', 'matplotlib', 'narwhals'} & set(sys.modules)"
    code = f"import sys, segue, segue.cli; segue.UserError; print(sorted({heavy})); segue.LSTM; print(sorted({heavy}))"
    before, after = run("-c", code).splitlines()
    assert before == "[]"
    assert "'torch'" in after  # or the first line would prove nothing


def test_the_version_is_that_of_the_package():
    """Two files hold it; catches a release that changes one."""
    (version,) = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert segue.__version__ == version
    assert f"[{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
