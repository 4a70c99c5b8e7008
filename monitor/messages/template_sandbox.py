"""The language of templates: a small part of Jinja2 that cannot hang, grow or reach out.

Jinja2's own sandbox keeps a template from the inside of Python, not from our time and memory. So
only what stands in the tables here may be written at all, every filter is one of ours, and what
a template does is counted: loops by the size of their body, texts by their length. Nothing can
be called but ``range``, so nothing can recur.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from jinja2 import StrictUndefined, Undefined, nodes, pass_context
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from monitor.messages.richtext import trim

TEXT_MOST = 20_000
"""Code points a text may have while a template works on it."""

RANGE_MOST = 100
"""Steps of a ``range``."""

_WORK = 100_000  # node evaluations and sixteenths of texts; a rich message takes some 5,000
_NUMBER_MOST = 1e18
_DEPTH = 40
_JOINED = 40
_TAGS = ("if", "for", "set", "raw")
_BUDGET = " budget"  # no template can write a name with a space in it
_STEPS, _BOUNDED, _PART = " steps", " bounded", " part"
_ARITHMETIC = ("+", "-", "*", "/", "//", "%")
_TESTS = ("divisibleby", "even", "in", "none", "odd")
_ALLOWED: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign),
    *(nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Getattr, nodes.Getitem),
    *(nodes.Slice, nodes.Filter, nodes.Test, nodes.Call, nodes.Keyword, nodes.CondExpr),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Concat),
)
_LOOP = ("index", "index0", "first", "last", "length", "revindex", "revindex0")
_INSTEAD = {
    "safe": "all text is escaped, and what has markup brings it along",
    "e": "all text is escaped anyway",
    "escape": "all text is escaped anyway",
    "defined": "every variable is always there; ask whether it is empty: {% if document.url %}",
}


class Overrun(SecurityError):
    """A template does more than any message needs."""


class Budget:
    """What one rendering may still do."""

    def __init__(self) -> None:
        """Begin with all of it."""
        self._left = _WORK

    def spend(self, cost: int) -> None:
        """Take ``cost`` away.

        Raises:
            Overrun: nothing is left.
        """
        self._left -= cost
        if self._left < 0:
            raise Overrun("it does more than a message needs; are there loops within loops?")


def variables_with_budget(variables: dict[str, object]) -> dict[str, object]:
    """The variables of one rendering, with a fresh budget among them."""
    return {**variables, _BUDGET: Budget(), "range": _range}


def environment() -> ImmutableSandboxedEnvironment:
    """The sandbox: strict about names, everything from outside escaped, no way to other files."""
    made = _Sandbox(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,
        auto_reload=False,
    )
    made.globals.clear()
    made.filters.clear()
    made.filters.update({name: _charged(function) for name, function in FILTERS.items()})
    made.filters.update({_STEPS: _steps, _BOUNDED: _charged(lambda text: text)})
    made.filters[_PART] = _charged(_shown)
    made.tests = {name: test for name, test in made.tests.items() if name in _TESTS}
    return made


def restrict(tree: nodes.Template, variables: Iterable[str], fields: Iterable[str]) -> None:
    """Refuse what the language has not, and make what it has countable; changes the tree.

    Args:
        tree: a parsed template.
        variables: the names a template may read.
        fields: all names that may stand after a dot.

    Raises:
        TemplateSyntaxError: with the line and the mend.
    """
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    names = {*variables, *own, "range", "loop"}
    attributes = {*fields, *_LOOP}
    level: list[nodes.Node] = [tree]
    depth = 0
    while level:
        depth += 1
        if depth > _DEPTH:
            raise TemplateSyntaxError("it is nested too deeply", level[0].lineno)
        for node in level:
            _check(node, names, attributes)
        level = [child for node in level for child in node.iter_child_nodes()]
    _Counting().visit(tree)


def _check(node: nodes.Node, names: set[str], attributes: set[str]) -> None:  # noqa: PLR0912
    trouble = ""
    if not isinstance(node, _ALLOWED):
        kind = type(node).__name__.lower()
        trouble = f"{kind} is not offered in templates – there are {', '.join(_TAGS)}"
    elif isinstance(node, nodes.Name):
        trouble = _unknown("variable", node.name, names)
    elif isinstance(node, nodes.Getattr):
        trouble = _unknown("field", node.attr, attributes)
    elif isinstance(node, nodes.Filter):
        trouble = _unknown("filter", node.name, FILTERS)
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            trouble = "* is not offered in templates"
    elif isinstance(node, nodes.Test):
        trouble = _unknown("test", node.name, _TESTS)
    elif isinstance(node, nodes.Call):
        called = node.node
        if not isinstance(called, nodes.Name) or called.name != "range":
            trouble = "nothing can be called but range() – use a filter"
    elif isinstance(node, nodes.For):
        if node.recursive:
            trouble = "a loop cannot call itself – leave out 'recursive'"
    elif isinstance(node, nodes.List | nodes.Tuple):
        stored = isinstance(node, nodes.Tuple) and node.ctx == "store"
        if not stored and not all(isinstance(item, nodes.Const) for item in node.items):
            trouble = "a list holds only words and numbers"
    elif isinstance(node, nodes.Concat) and len(node.nodes) > _JOINED:
        trouble = f"more than {_JOINED} texts are joined with ~"
    if trouble:
        raise TemplateSyntaxError(trouble, node.lineno)


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    options = sorted(known)
    if name in options:
        return ""
    if name in _INSTEAD:
        return f"there is no {kind} {name} – {_INSTEAD[name]}"
    near = difflib.get_close_matches(name, options, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(options)}"
    return f"there is no {kind} {name} – {hint}"


class _Counting(NodeTransformer):
    """Puts the counters into loops and where texts are joined."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - named by Jinja2
        size = sum(1 for child in node.body for _ in child.find_all(nodes.Node)) + 5
        self.generic_visit(node)
        # Jinja2 types what is looped over as any node; the grammar makes it an expression.
        looped = cast("nodes.Expr", node.iter)
        node.iter = _filtered(looped, _STEPS, nodes.Const(size, lineno=node.lineno))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - named by Jinja2
        self.generic_visit(node)
        node.nodes = [_filtered(part, _PART) for part in node.nodes]
        return _filtered(node, _BOUNDED)


def _filtered(node: nodes.Expr, name: str, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(_ARITHMETIC)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Numbers reckon within bounds; texts can be put together, and no more."""
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            _spend(context, left, right)
            return _bounded(left + right)
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            raise SecurityError(f"{operator} is for numbers – join texts with ~")
        _spend(context)
        result = super().call_binop(context, operator, left, right)
        if abs(result) > _NUMBER_MOST:
            raise SecurityError(f"{operator} gives too large a number")
        return result


def _shown(value: object) -> object:
    """What ``{{ }}`` may show: texts and numbers, nothing for what is not there."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, str | int | Undefined) or hasattr(value, "__html__"):
        return value
    raise SecurityError("only texts and numbers can be shown – use a loop, join or a field")


def _spend(context: Context, *values: object) -> None:
    # The cost of a text is its length; of anything else, one.
    cost = 1 + sum(len(value) // 16 for value in values if isinstance(value, str))
    context.parent[_BUDGET].spend(cost)


def _bounded(value: Any) -> Any:
    if isinstance(value, str) and len(value) > TEXT_MOST:
        raise Overrun(f"a text grows beyond {TEXT_MOST} characters")
    return value


def _charged(function: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def charged(context: Context, value: Any, *args: Any, **options: Any) -> Any:
        if isinstance(value, StrictUndefined):
            str(value)  # raises, with the name that is not there
        result = _bounded(function(value, *args, **options))
        _spend(context, value, result)
        return result

    return charged


@pass_context
def _steps(context: Context, values: Iterable[Any], cost: int) -> Iterator[Any]:
    for value in values:
        context.parent[_BUDGET].spend(cost)
        yield value


def _range(*bounds: int) -> range:
    steps = range(*bounds)
    if len(steps) > RANGE_MOST:
        raise Overrun(f"range has more than {RANGE_MOST} steps")
    return steps


def _replace(value: object, old: object, new: object) -> str:
    text, gone, come = str(value), str(old), str(new)
    if not gone:
        raise SecurityError("replace needs a text to look for")
    if len(text) + text.count(gone) * len(come) > 2 * TEXT_MOST:
        raise Overrun(f"a text grows beyond {TEXT_MOST} characters")
    return text.replace(gone, come)


def _join(values: Iterable[object], between: object = "") -> str:
    parts: list[str] = []
    size = 0
    for value in values:
        parts.append(str(_shown(value)))
        size += len(parts[-1]) + len(str(between))
        if size > TEXT_MOST:
            raise Overrun(f"a text grows beyond {TEXT_MOST} characters")
    return str(between).join(parts)


def _round(value: float, digits: int = 0) -> float | int:
    # Digits are clamped: rounding an integer to -10**9 of them would reckon with 10**10**9.
    rounded = round(float(value), min(max(int(digits), 0), 10))
    return int(rounded) if digits <= 0 and abs(rounded) < _NUMBER_MOST else rounded


FILTERS: dict[str, Callable[..., Any]] = {
    "abs": lambda value: abs(float(value)),
    "capitalize": lambda value: str(value).capitalize(),
    "default": lambda value, instead: instead if value in (None, "") else value,
    "first": lambda values: next(iter(values), ""),
    "join": _join,
    "last": lambda values: values[-1] if values else "",
    "length": len,
    "lower": lambda value: str(value).lower(),
    "one_line": lambda value: " ".join(str(value).split()),
    "replace": _replace,
    "round": _round,
    "thousands": lambda value: f"{float(value):,.10g}",
    "trim": lambda value: str(value).strip(),
    "truncate": lambda value, length: trim(str(value), max(int(length), 1)),
    "upper": lambda value: str(value).upper(),
}
"""The filters there are; docs/reference/templates.md says what each does."""


def mark_lines(tree: nodes.Template, sign: str) -> None:
    """Put ``sign``, the line and ``sign`` before each ``<`` the template itself has.

    So that what is wrong with a tag of the output has a line of the template.
    """
    for piece in tree.find_all(nodes.TemplateData):
        lines = iter(piece.data.split("<"))
        text = next(lines)
        line = piece.lineno + text.count("\n")
        for part in lines:
            text += f"{sign}{line}{sign}<{part}"
            line += part.count("\n")
        piece.data = text
