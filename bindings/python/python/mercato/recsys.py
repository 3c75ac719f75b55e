"""Recommendation: estimators, models and their evaluation."""

from collections.abc import Mapping
from typing import Any

from mercato._mercato.recsys import *
from mercato._mercato.recsys import __all__


def plot_comparison(
    results: Mapping[str, Mapping[str, Any]],
    x: str = "coverage@20",
    y: str = "ndcg@20",
    ax: Any = None,
) -> Any:
    """Draws accuracy against coverage: a point per model, with bars where there are intervals.

    results: name to what `evaluate` returned. x, y: metrics of these results. ax: where to draw
    (default: a new figure). Returns the matplotlib axes. Needs matplotlib (`pip install mercato[plot]`).
    """
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots()
    for name, result in results.items():
        at = {"x": result[x], "y": result[y]}
        ends = {d: result.get("intervals", {}).get(m) for d, m in (("x", x), ("y", y))}
        bars = {f"{d}err": [[at[d] - e[0]], [e[1] - at[d]]] for d, e in ends.items() if e}
        ax.errorbar(at["x"], at["y"], fmt="o", capsize=3, label=name, **bars)
        ax.annotate(name, (at["x"], at["y"]), xytext=(5, 5), textcoords="offset points")
    ax.set(xlabel=x, ylabel=y)
    return ax


__all__ += ["plot_comparison"]
