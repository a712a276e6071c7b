"""The look of all pictures: one palette, few lines, no global state."""

import re
import textwrap
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from jaxtyping import Float64, Shaped

from segue.quiet import quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, FAINT, GRID = "#22272e", "#6b7480", "#b9c0c7", "#e8eaed"
"""The colours of observed values, of explanations, of weak evidence, and of grid lines."""

COLOURS = ("#1f6fb4", "#d1702a", "#3a8f5c", "#8a4fa3", "#b03a48", "#5d7a8c", "#b8962e", "#4a4a4a")
"""The colours of items side by side, in this order."""

BLUE, ORANGE = COLOURS[:2]
"""The colours of a model's output, and of anything beside it."""


_LONGEST = 80  # characters of a title: more do not fit above the widest chart


def new_figure(
    width: float, height: float, *, dpi: int = 150, layout: Literal["constrained", "none"] = "constrained"
) -> "Figure":
    """Makes an empty figure of this size in inches, outside the global state of matplotlib; it warns of nothing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure: Figure = _quiet_figure()(figsize=(width, height), dpi=dpi, layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


@cache
def _quiet_figure() -> Any:
    """The class of figures that draw what the font lacks as boxes, without a warning."""
    from matplotlib.figure import Figure

    class QuietFigure(Figure):
        """A figure whose names and values come from a user: no glyph and no size of theirs is worth a warning."""

        def draw(self, renderer: Any) -> None:
            """See `matplotlib.figure.Figure.draw`."""
            with quiet("matplotlib"):
                super().draw(renderer)

        def savefig(self, *args: Any, **kwargs: Any) -> None:
            """See `matplotlib.figure.Figure.savefig`."""
            with quiet("matplotlib"):
                super().savefig(*args, **kwargs)

        def __reduce__(self) -> tuple[Any, ...]:
            return _empty_figure, (), self.__getstate__()  # pickle would look for this class in the module

    return QuietFigure


def _empty_figure() -> Any:
    return object.__new__(_quiet_figure())


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
    """Sets a bold title at the left: one line, in which `$` does not begin a formula."""
    line = " ".join(text.split())
    line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    ax.set_title(line, loc="left", fontsize=10, color=INK, fontweight="bold", parse_math=False)


def wrapped(text: str, width: int) -> str:
    """Breaks a sentence into lines, but neither between a number and its sign, as in `36 %`, nor within a name.

    Args:
        text: The sentence.
        width: The most letters of a line.
    """
    bound = re.sub(r"(?<=\d) (?=%)", "\u00a0", text)  # a no-break space
    return textwrap.fill(bound, width, break_on_hyphens=False)
