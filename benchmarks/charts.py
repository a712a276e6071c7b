"""The look of the pictures of the benchmarks: few lines, one legend, no global state."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, SOFT, GRID = "#22272e", "#6b7480", "#e8eaed"
OURS, THEIRS = "#1f6fb4", "#8a929c"
COLOURS = ("#1f6fb4", "#d1702a", "#3a8f5c", "#8a4fa3", "#b03a48", "#5d7a8c", "#b8962e", "#4a4a4a")
IMAGES = Path(__file__).parents[1] / "docs" / "images"


def canvas(rows: int, columns: int, size: tuple[float, float], **shared: bool) -> tuple[Figure, list[list[Axes]]]:
    """A figure with a grid of dressed axes."""
    figure = Figure(figsize=size, dpi=150, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False, **shared)
    for ax in grid.flat:
        dress(ax)
    return figure, grid.tolist()


def dress(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(SOFT)
    ax.grid(color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(colors=SOFT, labelsize=8, length=3)
    ax.xaxis.label.set(color=SOFT, size=9)
    ax.yaxis.label.set(color=SOFT, size=9)


def title(ax: Axes, text: str) -> None:
    ax.set_title(text, loc="left", fontsize=10, color=INK, fontweight="bold")


def save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    print(path)
