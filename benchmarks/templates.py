"""CPU time to validate a template, and to draw a chart.

    python benchmarks/templates.py

Validation renders about 40 sample alerts, some of them several times. The costly templates use as
much as the limits of templates allow, or are refused at a limit; none may take more than
``LIMIT`` seconds on a machine where the import of Jinja2 takes 0.1 s.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from monitor.errors import UserError
from monitor.messages.chart import Chart, Point, chart_png, chart_svg
from monitor.messages.template import compile_template
from monitor.rules.model import TemplateFile

LIMIT = 3.0
SHIPPED = Path(__file__).resolve().parents[1] / "rules" / "templates"

_TEXT = "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a ~ a %}" * 10
_COMPARE = "{% if changes[0].text == document.title %}y{% endif %}"
COSTLY = {
    "comparisons in a loop": "{% for a in range(90) %}" + _COMPARE * 60 + "{% endfor %}x",
    "comparisons in two loops": "{% for a in range(99) %}{% for b in range(99) %}"
    + _COMPARE * 250
    + "{% endfor %}{% endfor %}x",
    "empty loops in each other": "{% for a in range(99) %}" * 8 + "{% endfor %}" * 8 + "x",
    "a filter on a long text": _TEXT
    + "{% for n in range(12) %}"
    + "{% if a|upper %}{% endif %}" * 500
    + "{% endfor %}x",
    "a search in a long text": _TEXT
    + f"{{% set b = '{'x' * 40}y' %}}"
    + "{% for n in range(30) %}"
    + "{% if b in a %}{% endif %}" * 400
    + "{% endfor %}x",
    "slices of a long text": _TEXT
    + "{% for n in range(20) %}"
    + "{% if a[::1] %}{% endif %}" * 500
    + "{% endfor %}x",
    "filters without a loop": "{{ 1.5|thousands }}" * 800,
}


def cpu_of(work: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def validate(name: str, source: str) -> str:
    """Whether a template is accepted, or why it is refused."""
    try:
        compile_template(TemplateFile(Path(name), source))
    except UserError as error:
        return str(error)[:60]
    return "accepted"


def main() -> None:
    """Print the figures; exit with 1 if one is above the limit."""
    templates = {path.name: path.read_text(encoding="utf-8") for path in SHIPPED.glob("*.html")}
    validate("warm-up", "x")
    slowest = 0.0
    for name, source in (templates | COSTLY).items():
        verdict: list[str] = []
        seconds = cpu_of(lambda: verdict.append(validate(name, source)))  # noqa: B023
        slowest = max(slowest, seconds)
        print(f"{name:28} {seconds:6.2f} s  {verdict[0]}")
    points = tuple(Point(year, 30_000 * (year - 2020)) for year in range(2021, 2027))
    chart = Chart("智能算力卡规模", "张", points, points, ("2026年贵州省政府工作报告",))
    for which in ("first chart", "next chart"):
        print(f"{which:28} {cpu_of(lambda: chart_png(chart_svg(chart, '贵州省'))):6.2f} s")
    if slowest > LIMIT:
        sys.exit(f"a template took more than {LIMIT:g} s")


if __name__ == "__main__":
    main()
