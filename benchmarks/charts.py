"""The look of the pictures of the benchmarks: few lines, one legend, no global state."""

from pathlib import Path
from typing import TYPE_CHECKING

from segue.palette import BLUE, COLOURS, FAINT, INK, SOFT, dress, new_figure
from segue.palette import add_title as title

if TYPE_CHECKING:  # matplotlib is imported to draw only
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "FAINT", "IMAGES", "INK", "OURS", "SOFT", "THEIRS", "canvas", "save", "title"]

OURS, THEIRS = BLUE, SOFT
IMAGES = Path(__file__).parents[1] / "docs" / "images"


def canvas(rows: int, columns: int, size: tuple[float, float], **shared: bool) -> "tuple[Figure, list[list[Axes]]]":
    """A figure with a grid of dressed axes."""
    figure = new_figure(*size)
    grid = figure.subplots(rows, columns, squeeze=False, **shared)
    for ax in grid.flat:
        dress(ax, grid="both")
    return figure, grid.tolist()


def save(figure: "Figure", path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    print(path)
