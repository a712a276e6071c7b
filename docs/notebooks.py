"""Notebooks as pages of the site: the build runs their cells, and shows what they print, return and draw.

The files hold no output, so that nothing in them can be out of date. A cell that fails ends the build. The cells run as
plain Python in the folder of the notebook, with names in common; no Jupyter is needed.
"""

import ast
import base64
import contextlib
import io
import json
import textwrap
import warnings
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd
from docutils import nodes
from matplotlib import pyplot
from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx

_WIDTH = 90  # columns of output, as many as a page shows


class NotebookParser(MystParser):
    """Turns a notebook into Markdown, and leaves the rest to the parser of Markdown."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Parses the text of a notebook into `document`."""
        matplotlib.use("Agg")
        with contextlib.chdir(Path(document["source"]).parent), pd.option_context("display.width", _WIDTH):
            name = Path(document["source"]).name
            super().parse(_page(json.loads(inputstring), name), document)


def _page(notebook: dict[str, Any], name: str) -> str:
    parts: list[str] = []
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif cell["cell_type"] == "code":
            parts += [f"```python\n{source}\n```", *_run(source, names)]
    title, _, rest = "\n\n".join(parts).partition("\n")
    return f"{title}\n\n{{download}}`Download this notebook <{name}>`\n{rest}"


def _run(source: str, names: dict[str, Any]) -> list[str]:
    """Runs a cell; returns blocks of its text and its pictures. Its last expression is shown unless it ends in `;`."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) and not source.endswith(";") else None
    with contextlib.redirect_stdout(io.StringIO()) as printed, warnings.catch_warnings(record=True) as notes:
        exec(compile(tree, "cell", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            printed.write("" if value is None else f"{value}\n")
    text = "".join(f"{note.category.__name__}: {note.message}\n" for note in notes) + printed.getvalue()
    lines = [line if len(line) <= _WIDTH else textwrap.fill(line, _WIDTH) for line in text.splitlines()]
    shown = ["\n".join(("```text", *lines, "```"))] if lines else []
    return shown + [_picture(number) for number in pyplot.get_fignums()]


def _picture(number: int) -> str:
    png = io.BytesIO()
    pyplot.figure(number).savefig(png, dpi=100, bbox_inches="tight")
    pyplot.close(number)
    return f"![What the cell draws](data:image/png;base64,{base64.b64encode(png.getvalue()).decode()})"


def setup(app: Sphinx) -> dict[str, bool]:
    """Tells Sphinx about files that end in `.ipynb`."""
    app.add_source_suffix(".ipynb", "notebook")
    app.add_source_parser(NotebookParser)
    return {"parallel_read_safe": False}
