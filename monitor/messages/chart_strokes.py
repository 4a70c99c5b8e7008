"""Digits and Latin letters as strokes of a pen, drawn for this project.

A container may have no font at all, and a renderer without one shows no text. These 80 signs are
smaller than any font, look the same on every machine, and spare the renderer the search for
fonts. What is not among them (Chinese, above all) is said in the caption of a picture.
"""

from __future__ import annotations

CAPITAL = 14.0
"""Height of a digit or capital in the units of the strokes; the baseline is at this y."""

_GAP = 3.2
_BOWL_LEFT = "M7.4 9.2C7.4 6.2 6 4.5 3.8 4.5S0 6.3 0 9.25 1.6 14 3.8 14 7.4 12.2 7.4 9.2"
_BOWL_RIGHT = "M0 9.2C0 6.2 1.4 4.5 3.6 4.5S7.4 6.3 7.4 9.25 5.8 14 3.6 14 0 12.2 0 9.2"
_ARCH = "M0 8.4C0 6 1.4 4.5 3.4 4.5 5.6 4.5 6.6 5.9 6.6 8.2V14"
_ROUND = "M5.6 0C2.2 0 0 2.8 0 7S2.2 14 5.6 14 11.2 11.2 11.2 7 9 0 5.6 0Z"
_OPEN = "M10 2.6C9 1 7.6 0 5.6 0 2.2 0 0 2.8 0 7S2.2 14 5.6 14"
_FLAG = "M0 14V0H5C7.6 0 9 1.6 9 4S7.6 8 5 8H0"

# Sign: width, and the way of the pen as SVG has it.
_SIGNS: dict[str, tuple[float, str]] = {
    " ": (3, ""),
    "0": (9, "M4.5 0C1.5 0 0 3 0 7S1.5 14 4.5 14 9 11 9 7 7.5 0 4.5 0Z"),
    "1": (9, "M2 3L5.5 0V14"),
    "2": (
        9,
        "M.5 3.8C.5 1.3 2.2 0 4.5 0S8.5 1.4 8.5 3.8C8.5 6 7 7.4 5 9.3L.3 14H9",
    ),
    "3": (
        9,
        "M.6 3C1 1.2 2.5 0 4.5 0 6.8 0 8.4 1.4 8.4 3.4S6.8 6.6 4 6.6C7 6.6 9 7.9 9 10.3"
        "S7.1 14 4.5 14C2.2 14 .5 12.8 0 10.8",
    ),
    "4": (9, "M6.5 14V0L0 9.8H9"),
    "5": (
        9,
        "M8 0H1.6L.9 6.2C1.8 5.4 3 5 4.4 5 7.2 5 9 6.8 9 9.4 9 12.2 7.1 14 4.4 14"
        " 2.2 14 .6 12.9 0 11.2",
    ),
    "6": (
        9,
        "M7.8 1.6C7 .6 5.9 0 4.8 0 1.6 0 0 3 0 7.6 0 11.8 1.6 14 4.6 14 7.3 14 9 12.2 9 9.6"
        " 9 7 7.2 5.4 4.8 5.4 2.3 5.4 .3 7.2 0 9.4",
    ),
    "7": (9, "M0 0H9L3.4 14"),
    "8": (
        9,
        "M4.5 6.5C2.3 6.5.7 5.2.7 3.2.7 1.3 2.3 0 4.5 0S8.3 1.3 8.3 3.2C8.3 5.2 6.7 6.5 4.5 6.5"
        " 1.9 6.5 0 8 0 10.2 0 12.5 1.9 14 4.5 14S9 12.5 9 10.2C9 8 7.1 6.5 4.5 6.5Z",
    ),
    "9": (
        9,
        "M1.2 12.4C2 13.4 3.1 14 4.2 14 7.4 14 9 11 9 6.4 9 2.2 7.4 0 4.4 0 1.7 0 0 1.8 0 4.4"
        " 0 7 1.8 8.6 4.2 8.6 6.7 8.6 8.7 6.8 9 4.6",
    ),
    ".": (0.4, "M.2 13.9h.01"),
    ",": (0.8, "M.6 13.6L-.2 16.4"),
    ":": (0.4, "M.2 6h.01M.2 13.9h.01"),
    "-": (5, "M0 8H5"),
    "+": (8, "M0 8H8M4 4V12"),
    "/": (5, "M0 15L5-1"),
    "%": (
        12,
        "M11 0L1 14M2.6 0C1 0 0 1.4 0 3.2S1 6.4 2.6 6.4 5.2 5 5.2 3.2 4.2 0 2.6 0Z"
        "M9.4 7.6C7.8 7.6 6.8 9 6.8 10.8S7.8 14 9.4 14 12 12.6 12 10.8 11 7.6 9.4 7.6Z",
    ),
    "(": (3, "M3-1C1 1.4 0 4 0 7S1 12.6 3 15"),
    ")": (3, "M0-1C2 1.4 3 4 3 7S2 12.6 0 15"),
    "A": (10.4, "M0 14L5.2 0 10.4 14M1.9 9.2H8.5"),
    "B": (
        9,
        "M0 0V14H5C7.6 14 9 12.6 9 10.4S7.6 6.8 5 6.8H0M5 6.8C7.2 6.8 8.4 5.4 8.4 3.4S7.2 0 5 0H0",
    ),
    "C": (10, f"{_OPEN}C7.6 14 9 13 10 11.4"),
    "D": (10, "M0 0V14H4C8 14 10 11.2 10 7S8 0 4 0Z"),
    "E": (8, "M8 0H0V14H8M0 6.8H7"),
    "F": (8, "M8 0H0V14M0 6.8H7"),
    "G": (10.2, f"{_OPEN}C8.4 14 10.2 12.2 10.2 9.4V7.6H6"),
    "H": (9.4, "M0 0V14M9.4 0V14M0 6.8H9.4"),
    "I": (0.4, "M.2 0V14"),
    "J": (6, "M6 0V10C6 12.6 4.8 14 3 14 1.4 14 .4 13 0 11.4"),
    "K": (9.2, "M0 0V14M8.8 0L0 8.6M3 5.8L9.2 14"),
    "L": (7.6, "M0 0V14H7.6"),
    "M": (12, "M0 14V0L6 9.6 12 0V14"),
    "N": (9.4, "M0 14V0L9.4 14V0"),
    "O": (11.2, _ROUND),
    "P": (9, _FLAG),
    "Q": (11.2, f"{_ROUND}M7 10.4L11.2 14.8"),
    "R": (9, f"{_FLAG}M4.6 8L9 14"),
    "S": (
        8.8,
        "M8.4 2.4C7.6.8 6.2 0 4.4 0 2 0 .4 1.4.4 3.4.4 5.4 1.8 6.2 4.4 6.8 7.2 7.4 8.8 8.4"
        " 8.8 10.4 8.8 12.6 7 14 4.4 14 2.2 14 .6 13 0 11.2",
    ),
    "T": (10, "M0 0H10M5 0V14"),
    "U": (9.2, "M0 0V9C0 12.2 1.6 14 4.6 14S9.2 12.2 9.2 9V0"),
    "V": (10, "M0 0L5 14 10 0"),
    "W": (14.4, "M0 0L3.6 14 7.2 1.5 10.8 14 14.4 0"),
    "X": (9, "M0 0L9 14M9 0L0 14"),
    "Y": (10, "M0 0L5 7V14M10 0L5 7"),
    "Z": (9, "M0 0H9L0 14H9"),
    "a": (7.4, f"M7.4 4.6V14{_BOWL_LEFT}"),
    "b": (7.4, f"M0 0V14{_BOWL_RIGHT}"),
    "c": (
        7,
        "M7 6.2C6.2 5.1 5.2 4.5 4 4.5 1.6 4.5 0 6.4 0 9.25S1.6 14 4 14C5.2 14 6.2 13.4 7 12.3",
    ),
    "d": (7.4, f"M7.4 0V14{_BOWL_LEFT}"),
    "e": (
        7.4,
        "M.1 9H7.4C7.4 6.2 6 4.5 3.8 4.5 1.6 4.5 0 6.4 0 9.25S1.6 14 4 14C5.3 14 6.4 13.4 7.1 12.3",
    ),
    "f": (4.8, "M5 .3C4.6.1 4.2 0 3.8 0 2.4 0 1.7.9 1.7 2.6V14M0 5H4.6"),
    "g": (7.4, f"M7.4 4.6V14.6C7.4 17 6.2 18.4 3.8 18.4 2.4 18.4 1.2 17.9.6 17{_BOWL_LEFT}"),
    "h": (6.6, f"M0 0V14{_ARCH}"),
    "i": (0.4, "M.2 4.7V14M.2.9v.01"),
    "j": (2, "M2 4.7V15.6C2 17.4 1.2 18.4-.4 18.4M2 .9v.01"),
    "k": (6.6, "M0 0V14M6 4.7L0 10.4M2.4 8.2L6.6 14"),
    "l": (0.4, "M.2 0V14"),
    "m": (
        11,
        "M0 4.7V14M0 8.2C0 6 1.2 4.5 2.9 4.5 4.7 4.5 5.5 5.8 5.5 7.9V14"
        "M5.5 8.2C5.5 6 6.7 4.5 8.4 4.5 10.2 4.5 11 5.8 11 7.9V14",
    ),
    "n": (6.6, f"M0 4.7V14{_ARCH}"),
    "o": (7.6, "M3.8 4.5C1.6 4.5 0 6.4 0 9.25S1.6 14 3.8 14 7.6 12.1 7.6 9.25 6 4.5 3.8 4.5Z"),
    "p": (7.4, f"M0 4.7V18.4{_BOWL_RIGHT}"),
    "q": (7.4, f"M7.4 4.7V18.4{_BOWL_LEFT}"),
    "r": (4.2, "M0 4.7V14M0 8.8C0 6.2 1.4 4.5 3.6 4.5H4.2"),
    "s": (
        6.3,
        "M6 6.1C5.4 5 4.4 4.5 3.2 4.5 1.5 4.5.3 5.5.3 6.9.3 8.3 1.4 8.8 3.2 9.2 5.2 9.6"
        " 6.3 10.2 6.3 11.5 6.3 13 5 14 3.2 14 1.7 14 .6 13.4 0 12.2",
    ),
    "t": (5.1, "M1.9 1.8V11.4C1.9 13.2 2.6 14 4 14 4.4 14 4.8 13.9 5.1 13.8M0 4.9H4.8"),
    "u": (6.6, "M0 4.7V10.4C0 12.7 1.1 14 3.1 14 5.2 14 6.6 12.6 6.6 10.2M6.6 4.7V14"),
    "v": (7.2, "M0 4.7L3.6 14 7.2 4.7"),
    "w": (11, "M0 4.7L2.8 14 5.5 5.5 8.2 14 11 4.7"),
    "x": (6.6, "M0 4.7L6.6 14M6.6 4.7L0 14"),
    "y": (7.4, "M0 4.7L3.7 13.6M7.4 4.7L3.4 15.6C2.7 17.6 1.9 18.4.2 18.4"),
    "z": (6.6, "M0 4.7H6.4L0 14H6.6"),
}


def drawable(text: str) -> bool:
    """Whether there is a sign for every character of a text."""
    return all(character in _SIGNS for character in text)


def width_of(text: str, size: float) -> float:
    """How wide a text is, in the unit of ``size``, the height of its capitals."""
    widths = [_SIGNS[character][0] for character in text if character in _SIGNS]
    return (sum(widths) + _GAP * max(len(widths) - 1, 0)) * size / CAPITAL


def drawn(text: str, x: float, y: float, size: float, *, colour: str, anchor: float = 0) -> str:
    """A text as SVG paths; characters without a sign are left out.

    Args:
        text: digits and Latin letters.
        x: where it stands.
        y: its baseline.
        size: height of its capitals.
        colour: of the strokes, in SVG's words.
        anchor: which part of its width is left of ``x``: 0, 0.5 in the middle, 1.
    """
    scale = size / CAPITAL
    left = x - anchor * width_of(text, size)
    at = 0.0
    paths = []
    for character in text:
        if character not in _SIGNS:
            continue
        width, way = _SIGNS[character]
        if way:
            paths.append(f'<path transform="translate({at:.2f})" d="{way}"/>')
        at += width + _GAP
    return (
        f'<g transform="translate({left:.2f} {y - size:.2f}) scale({scale:.4f})" fill="none"'
        f' stroke="{colour}" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round">'
        f"{''.join(paths)}</g>"
    )
