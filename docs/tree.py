"""Prints every module of the repository with the first line of its docstring: the tree of the house.

    python docs/tree.py                        all rooms
    python docs/tree.py src/segue/forecasting  one of them

Nothing is imported: the docstrings are read from the text of the files.
"""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = (ROOT / "src", ROOT / "benchmarks", ROOT / "docs", ROOT / "course", ROOT / "examples")
WIDTH = 40  # columns of names; a longer name moves its line to the right


def tree(folder: Path, depth: int = 0) -> list[str]:
    """The lines of a folder, then of what lies in it: modules first, rooms after them.

    Args:
        folder: A folder; it is left out if no Python file lies in it or below.
        depth: How far its lines are indented, in steps of two columns.
    """
    if not any(folder.rglob("*.py")):
        return []
    lines = [_line(f"{folder.name}/", folder / "__init__.py", depth)]
    modules = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    lines += [_line(path.name, path, depth + 1) for path in modules]
    for room in sorted(path for path in folder.iterdir() if path.is_dir()):
        lines += tree(room, depth + 1)
    return lines


def _line(name: str, path: Path, depth: int) -> str:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    first = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    return f"{'  ' * depth}{name}".ljust(WIDTH - 1) + f" {first}" if first else f"{'  ' * depth}{name}"


def main(folders: list[str]) -> None:
    """Prints the trees of some folders, by default of all that hold code."""
    lines = [line for folder in folders or FOLDERS for line in tree(Path(folder).resolve())]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
