"""A picture for each growth curve."""

from pathlib import Path
from typing import Any

from tests.benchmarks.contestants import MODULES, OURS, TITLES

_MARKERS = dict(zip(MODULES, "osv^DPX*", strict=False))
_LINEAR = ("wires", "cores")
"""What grows by steps of one size."""
_PANELS = (("call", "one call"), ("first_call", "first call"))


def draw(curve: dict[str, Any], file: Path) -> None:
    """Write the PNG of a curve of the results: seconds of a call, and of a first call."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 5.5), sharex=True, layout="constrained")
    for axis, (quantity, title) in zip(axes, _PANELS, strict=True):
        for name in MODULES:
            x, y = series(curve, name, quantity)
            if x:
                width = 2.5 if name == OURS else 1.2
                axis.plot(x, y, marker=_MARKERS[name], linewidth=width, label=TITLES[name])
            else:
                axis.plot([], [])  # so that a contestant has the same colour in all pictures
        if curve["label"] not in _LINEAR:
            axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xlabel(curve["label"])
        axis.set_ylabel(f"time of {title} (s)")
        axis.set_title(title)
        axis.grid(visible=True, which="major", alpha=0.4)
        axis.set_xticks([point["x"] for point in curve["points"]])
        axis.get_xaxis().set_major_formatter(lambda value, _: f"{value:,.0f}")
        axis.xaxis.minorticks_off()
    figure.suptitle(f"Gradient against {curve['label']}: {curve['title']}")
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        # Below the axes, where no data are.
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
    figure.savefig(file, dpi=150)
    pyplot.close(figure)


def series(curve: dict[str, Any], name: str, quantity: str) -> tuple[list[float], list[float]]:
    """The points of a contestant."""
    x, y = [], []
    for point in curve["points"]:
        entry = point["contestants"].get(name, {})
        if entry.get("status") == "ok":
            x.append(point["x"])
            y.append(entry[quantity])
    return x, y
