"""Templates run in Jinja2's sandbox, with limits on loops, on texts and on the output.

The sandbox keeps a template from Python's internals, from other files and from changing what it is
given; it does not limit time and memory. The limits here do, and count instead of measuring time,
so that a template behaves the same on every machine:

* a template has at most ``SOURCE_LIMIT`` characters;
* it may use the tags, expressions, tests and filters in the tables below, which leave out
  everything that repeats or grows by itself (macros, blocks, recursive loops, calls, ``**``);
* all loop steps, filters, operators and searches of a rendering draw on one ``RenderBudget``;
* a text made by a filter or an operator has at most ``TEXT_LIMIT`` characters;
* the output is streamed and stopped at ``OUTPUT_LIMIT`` characters.
"""

from __future__ import annotations

import difflib
import re
import traceback
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, cast

from jinja2 import StrictUndefined, Undefined, nodes, pass_context
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from monitor.messages.richtext import Span, trim
from monitor.messages.template_context import StyledText, TemplateError

SOURCE_LIMIT = 16_384
"""Characters of a template."""

OUTPUT_LIMIT = 60_000
"""Characters of the output with its markup; a message has 4096 without."""

TEXT_LIMIT = 20_000
"""Characters of a text made by a filter or an operator."""

RANGE_LIMIT = 100
"""Steps of a ``range``."""

_MARK = "\x00"  # around a line number, before each < of the template
_BUDGET = 100_000  # a rich message takes some 5,000
_NUMBER_LIMIT = 1e18
_TEXT_CHARGE = 16  # characters of a text that cost as much as one operation
_LOOP_STEPS, _SEARCHED = "loop_steps", "searched"

_TAGS = ("if", "for", "set", "raw")
_TESTS = ("divisibleby", "even", "in", "none", "odd")
_LOOP_FIELDS = ("index", "index0", "first", "last", "length", "revindex", "revindex0")
_NODES: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign),
    *(nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Getattr, nodes.Getitem),
    *(nodes.Slice, nodes.Filter, nodes.Test, nodes.Call, nodes.Keyword, nodes.CondExpr),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Concat),
)
_HINTS = {
    "safe": "all text is escaped, and what has markup keeps it",
    "e": "all text is escaped anyway",
    "escape": "all text is escaped anyway",
    "defined": "every variable is always there; ask whether it is empty: {% if document.url %}",
}


@dataclass(frozen=True, slots=True)
class Output:
    """What a template gives: ``text`` in Telegram's HTML, and where its tags come from."""

    text: str
    tag_lines: tuple[tuple[int, int], ...]

    def line_at(self, offset: int) -> int | None:
        """The template's line of the last ``<`` of its own at or before a place in the text."""
        index = bisect_right(self.tag_lines, offset, key=itemgetter(0))
        return self.tag_lines[index - 1][1] if index else None


class SandboxedTemplate:
    """A template, checked and compiled."""

    def __init__(self, source: str, variables: Iterable[str], fields: Iterable[str]) -> None:
        """Parse, check and compile.

        Args:
            source: of the template.
            variables: the names it may read.
            fields: all names that may stand after a dot.

        Raises:
            TemplateError: it is too long, is no template, or uses what is not offered.
        """
        if len(source) > SOURCE_LIMIT:
            raise TemplateError(
                f"the template has {len(source)} characters – a template has at most {SOURCE_LIMIT}"
            )
        environment = _environment()
        try:
            tree = environment.parse(source.replace(_MARK, ""))
            _check_tree(tree, variables, fields)
            _mark_lines(tree)
            self._compiled = environment.from_string(_AddLimits().visit(tree))
        except TemplateSyntaxError as error:
            raise TemplateError(error.message or "is no template", error.lineno) from None
        except (RecursionError, MemoryError, SyntaxError, ValueError, OverflowError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise TemplateError(f"this is no template: {reason}") from None

    def render(self, variables: dict[str, object]) -> Output:
        """The output, with at most one empty line in a row and none around it.

        Raises:
            TemplateError: it fails or exceeds a limit.
        """
        pieces: list[str] = []
        size = 0
        output = self._compiled.generate({**variables, "range": _range, "budget": RenderBudget()})
        try:
            for piece in output:
                pieces.append(piece)
                size += len(piece)
                if size > OUTPUT_LIMIT:
                    break
        except Exception as error:  # noqa: BLE001 - an operator's template may raise anything
            reason = _view_class().sub(_view_name, str(error) or type(error).__name__)
            raise TemplateError(reason, _line_of(error)) from None
        if size > OUTPUT_LIMIT:
            raise TemplateError(f"it gives more than {OUTPUT_LIMIT} characters")
        return _without_marks("".join(pieces))


class RenderBudget:
    """How many operations one rendering may still do."""

    def __init__(self) -> None:
        """Start with the whole budget."""
        self._left = _BUDGET

    def spend(self, cost: int, *values: object) -> None:
        """Charge operations, and the texts they work on by their length.

        Raises:
            SecurityError: the budget is spent.
        """
        texts = (len(str(value)) for value in values if isinstance(value, str | StyledText))
        self._left -= cost + sum(texts) // _TEXT_CHARGE
        if self._left < 0:
            raise SecurityError("it does more than a message needs; are there loops within loops?")


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate with bounded numbers; the only operator for texts is ``+``."""
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return _charged(_join)(context, [left, right])
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            raise SecurityError(f"{operator} is for numbers – join texts with ~")
        _budget(context).spend(1)
        result = super().call_binop(context, operator, left, right)
        if abs(result) > _NUMBER_LIMIT:
            raise SecurityError(f"{operator} gives too large a number")
        return result


def _environment() -> _Environment:
    environment = _Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,
        auto_reload=False,
        cache_size=0,
    )
    environment.globals = {}
    environment.filters = {name: _charged(function) for name, function in FILTERS.items()}
    environment.filters[_LOOP_STEPS] = _loop_steps
    environment.filters[_SEARCHED] = _charged(lambda value: value)
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    environment.tests["in"] = _charged(lambda value, container: value in container)
    return environment


def _check_tree(tree: nodes.Template, variables: Iterable[str], fields: Iterable[str]) -> None:
    stored = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    names = {*variables, *stored, "range", "loop"}
    attributes = {*fields, *_LOOP_FIELDS}
    for node in (tree, *tree.find_all(nodes.Node)):
        reason = _unknown_name(node, names, attributes) or _not_offered(node)
        if reason:
            raise TemplateSyntaxError(reason, node.lineno)


def _unknown_name(node: nodes.Node, names: Collection[str], attributes: Collection[str]) -> str:
    match node:
        case nodes.Name():
            return _unknown("variable", node.name, names)
        case nodes.Getattr():
            return _unknown("field", node.attr, attributes)
        case nodes.Filter():
            return _unknown("filter", node.name, FILTERS)
        case nodes.Test():
            return _unknown("test", node.name, _TESTS)
    return ""


def _not_offered(node: nodes.Node) -> str:
    reason = ""
    match node:
        case nodes.Call(node=nodes.Name(name="range")) | nodes.Tuple(ctx="store"):
            pass
        case nodes.Call():
            reason = "nothing can be called but range() – use a filter"
        case nodes.Filter() if node.dyn_args is not None or node.dyn_kwargs is not None:
            reason = "* is not offered in templates"
        case nodes.For(recursive=True):
            reason = "a loop cannot call itself – leave out 'recursive'"
        case nodes.List() | nodes.Tuple() if not _is_constant(node.items):
            reason = "a list holds only words and numbers"
        case _ if not isinstance(node, _NODES):
            kind = type(node).__name__.lower()
            reason = f"{kind} is not offered in templates – there are {', '.join(_TAGS)}"
    return reason


def _is_constant(items: Iterable[nodes.Node]) -> bool:
    return all(isinstance(item, nodes.Const) for item in items)


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    options = sorted(known)
    if name in options:
        return ""
    if name in _HINTS:
        return f"there is no {kind} {name} – {_HINTS[name]}"
    near = difflib.get_close_matches(name, options, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(options)}"
    return f"there is no {kind} {name} – {hint}"


def _mark_lines(tree: nodes.Template) -> None:
    """Put its line before each ``<`` of the template, so that errors of tags have a line."""
    for piece in tree.find_all(nodes.TemplateData):
        first, *parts = piece.data.split("<")
        line = piece.lineno + first.count("\n")
        marked = [first]
        for part in parts:
            marked.append(f"{_MARK}{line}{_MARK}<{part}")
            line += part.count("\n")
        piece.data = "".join(marked)


def _without_marks(marked: str) -> Output:
    text, *parts = _blank_lines_pattern().sub("\n\n", marked).strip().split(_MARK)
    tag_lines = []
    for line, part in zip(parts[::2], parts[1::2], strict=True):
        tag_lines.append((len(text), int(line)))
        text += part
    return Output(text, tuple(tag_lines))


@cache
def _blank_lines_pattern() -> re.Pattern[str]:
    return re.compile(r"\n\s*\n\s*\n")


class _AddLimits(NodeTransformer):
    """Makes loops, ``~`` and ``in`` go through filters, which draw on the budget."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - named by Jinja2
        cost = nodes.Const(sum(1 for _ in node.find_all(nodes.Node)), lineno=node.lineno)
        self.generic_visit(node)
        node.iter = _filter(node.iter, _LOOP_STEPS, cost)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - named by Jinja2
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), "join")

    def visit_Operand(self, node: nodes.Operand) -> nodes.Node:  # noqa: N802 - named by Jinja2
        self.generic_visit(node)
        if node.op in {"in", "notin"}:
            node.expr = _filter(node.expr, _SEARCHED)
        return node


def _filter(node: nodes.Node, name: str, *args: nodes.Expr) -> nodes.Filter:
    # Jinja2 types what a loop goes over as any node; the grammar makes it an expression.
    value = cast("nodes.Expr", node)
    return nodes.Filter(value, name, list(args), [], None, None, lineno=node.lineno)


@cache
def _view_class() -> re.Pattern[str]:
    # Jinja2 names the class of what has no such field; an operator knows it by another name.
    return re.compile(r"'[\w.]+\.(\w+?)View object'")


def _view_name(found: re.Match[str]) -> str:
    return f"a {found[1].lower()}"


def _line_of(error: Exception) -> int | None:
    """The line of the template; Jinja2 puts it into the traceback."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == "<template>"
    ]
    return lines[-1] if lines else None


def _budget(context: Context) -> RenderBudget:
    # ``parent`` holds what the rendering was given; a template's own {% set %} is elsewhere.
    budget: RenderBudget = context.parent["budget"]
    return budget


def _charged(function: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def charged(context: Context, value: Any, *args: Any, **options: Any) -> Any:
        if isinstance(value, StrictUndefined):
            str(value)  # raises, with the name that is not there
        result = function(value, *args, **options)
        _budget(context).spend(1, value, *args, result)
        return result

    return charged


@pass_context
def _loop_steps(context: Context, values: Iterable[Any], cost: int) -> Iterator[Any]:
    budget = _budget(context)
    for value in values:
        budget.spend(cost)
        yield value


def _range(*bounds: int) -> range:
    steps = range(*bounds)
    if len(steps) > RANGE_LIMIT:
        raise SecurityError(f"range has more than {RANGE_LIMIT} steps")
    return steps


def _shown(value: object) -> object:
    """What ``{{ }}`` may show: texts and numbers, nothing for what is not there."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, str | int | Undefined | StyledText):
        return value
    raise SecurityError("only texts and numbers can be shown – use a loop, join or a field")


def _check_size(size: int) -> None:
    if size > TEXT_LIMIT:
        raise SecurityError(f"a text grows beyond {TEXT_LIMIT} characters")


def _join(values: Iterable[object], separator: object = "") -> str | StyledText:
    """The values as one text, which keeps the styles of its parts."""
    parts: list[Span] = []
    size = 0
    for value in values:
        shown = _shown(value)
        spans = shown.spans if isinstance(shown, StyledText) else (Span(str(shown)),)
        parts += [*([Span(str(separator))] if parts else []), *spans]
        size += len(str(separator)) + sum(len(span.text) for span in spans)
        _check_size(size)
    if any(span.styled for span in parts):
        return StyledText(tuple(parts))
    return "".join(span.text for span in parts)


def _replace(value: object, old: object, new: object) -> str:
    text = str(value)
    if not str(old):
        raise SecurityError("replace needs a text to look for")
    _check_size(len(text) + text.count(str(old)) * len(str(new)))
    return text.replace(str(old), str(new))


def _round(value: float, digits: int = 0) -> float | int:
    # Digits are clamped: rounding an integer to -10**9 of them would calculate 10**10**9.
    rounded = round(float(value), min(max(int(digits), 0), 10))
    return int(rounded) if digits <= 0 and abs(rounded) < _NUMBER_LIMIT else rounded


def _last(values: Sequence[object]) -> object:
    return values[-1] if values else ""


FILTERS: dict[str, Callable[..., Any]] = {
    **{name: JINJA_FILTERS[name] for name in ("abs", "capitalize", "length", "lower", "upper")},
    "default": lambda value, instead: instead if value in (None, "") else value,
    "first": lambda values: next(iter(values), ""),
    "join": _join,
    "last": _last,
    "one_line": lambda value: " ".join(str(value).split()),
    "replace": _replace,
    "round": _round,
    "thousands": lambda value: f"{float(value):,.10g}",
    "trim": lambda value: str(value).strip(),
    "truncate": lambda value, length: trim(str(value), max(int(length), 1)),
}
"""The filters; docs/reference/templates.md says what each does."""
