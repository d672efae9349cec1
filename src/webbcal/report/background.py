"""The level of the sky in each exposure."""

from webbcal.report.charts import Axis, Points, chart, covering
from webbcal.report.gather import Run
from webbcal.report.mappings import listed
from webbcal.report.markup import Markup, details, join, section

__all__ = ["background"]


def background(run: Run) -> Markup:
    """Return the section on sky levels: from the keywords of exposures, and skymatch's figures."""
    levels = []
    for name, entries in run.exposures.items():
        told = next((e for e in entries if isinstance(e.facts.get("sky"), int | float)), None)
        if told is not None:
            levels.append((name, told))
    plot = Markup("")
    if levels:
        groups = {g: n for n, g in enumerate(dict.fromkeys(entry.group for _, entry in levels))}
        points = [
            Points(
                [float(place + 1)],
                [float(entry.facts["sky"])],
                groups[entry.group],
                [f"{name}: {entry.facts['sky']:.6g} {entry.unit}"],
                size=7,
            )
            for place, (name, entry) in enumerate(levels)
        ]
        unit = levels[0][1].unit
        y = covering(f"sky / ({unit})" if unit else "sky", [p.y[0] for p in points], margin=0.12)
        done = {bool(entry.facts.get("sky_subtracted")) for _, entry in levels}
        words = "" if len(done) > 1 else "subtracted" if True in done else "not subtracted"
        method = levels[0][1].facts.get("sky_method", "")
        title = ", ".join(
            w for w in ("sky of each exposure", f"method {method}" * bool(method), words) if w
        )
        plot = chart(
            points, Axis("exposure", 0.0, len(levels) + 1.0), y, title=title, size=(720, 260)
        )
    figures = [listed(one) for one in run.figures("skymatch")]
    folded = details("figures of skymatch", *figures) if figures else Markup("")
    return section("background", "Sky levels", join([plot, folded]))
