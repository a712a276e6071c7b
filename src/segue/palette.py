"""The look of all pictures: one palette, few lines, no global state."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float64, Shaped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, FAINT, GRID = "#22272e", "#6b7480", "#b9c0c7", "#e8eaed"
"""The colours of observed values, of explanations, of weak evidence, and of grid lines."""

COLOURS = ("#1f6fb4", "#d1702a", "#3a8f5c", "#8a4fa3", "#b03a48", "#5d7a8c", "#b8962e", "#4a4a4a")
"""The colours of items side by side, in this order."""

BLUE, ORANGE = COLOURS[:2]
"""The colours of a model's output, and of anything beside it."""


def new_figure(
    width: float, height: float, *, dpi: int = 150, layout: Literal["constrained", "none"] = "constrained"
) -> "Figure":
    """Makes an empty figure of this size in inches, outside the global state of matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi, layout=layout, facecolor="white")  # type: ignore[arg-type]
    FigureCanvasAgg(figure)
    return figure


def dress(ax: "Axes", *, grid: Literal["y", "both"] = "y") -> None:
    """Removes the box of axes, and gives them soft ticks, and pale lines behind the drawing."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(SOFT)
    ax.grid(axis=grid, color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(colors=SOFT, labelsize=8, length=3)
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set(color=SOFT, size=9)
        axis.get_offset_text().set(color=SOFT, size=8)


def dress_over_time(ax: "Axes", dated: bool) -> None:
    """Dresses axes of a series: the bottom axis shows times or whole numbers, and the left axis has no line.

    Args:
        ax: The axes, after drawing.
        dated: Whether the bottom shows times.
    """
    dress(ax)
    if dated:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    else:
        from matplotlib.ticker import MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.01)


def draw_fan(
    ax: "Axes",
    times: Shaped[np.ndarray, " points"],
    median: Float64[np.ndarray, " points"],
    bands: Sequence[tuple[str, Float64[np.ndarray, " points"], Float64[np.ndarray, " points"]]],
    labelled: bool = True,
) -> None:
    """Draws the median of a forecast as a line, and its intervals as nested bands.

    Args:
        ax: The axes.
        times: The position of each point on the bottom axis.
        median: The median at each point.
        bands: A label, the lower and the upper bound of each interval; the widest comes first, and lies beneath.
        labelled: Whether the legend names the line and the bands.
    """
    for depth, (label, low, high) in enumerate(bands):
        shade, shown = 0.18 + 0.17 * depth, label if labelled else None
        ax.fill_between(times, low, high, color=BLUE, alpha=shade, linewidth=0, label=shown, zorder=1)
    shown = "median" if labelled else None
    ax.plot(times, median, color=BLUE, linewidth=1.6, label=shown, zorder=4, solid_joinstyle="round")


def draw_observed(ax: "Axes", times: Shaped[np.ndarray, " points"], values: Float64[np.ndarray, " points"]) -> None:
    """Draws observed values; NaN breaks the line."""
    ax.plot(times, values, color=INK, linewidth=1.1, label="observed", zorder=5, solid_joinstyle="round")


def add_legend(figure: "Figure", ax: "Axes") -> None:
    """Adds one legend below the whole figure, with all labels in `ax`."""
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=8, labelcolor=SOFT
    )


def add_title(ax: "Axes", text: str) -> None:
    """Sets a bold title at the left; `$` in it does not begin a formula."""
    ax.set_title(text, loc="left", fontsize=10, color=INK, fontweight="bold", parse_math=False)
