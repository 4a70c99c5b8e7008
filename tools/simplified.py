"""Write which traditional characters have which simplified ones.

Source: OpenCC (Apache-2.0), t2s, version below. The program does not depend on it: its library and
dictionaries take 9 MB of memory, for a table of which 3,600 pairs of characters are used.

    pip install opencc==1.4.2
    python tools/simplified.py > monitor/simplified.txt
"""

from __future__ import annotations

import sys
from importlib.metadata import version

from opencc import OpenCC

FIRST, LAST = 0x4E00, 0x9FFF
# OpenCC maps 乾 to 干, which is right only for "dry"; in names (乾坤, 乾县) the character stays.
UNCHANGED = frozenset("乾")


def pairs() -> list[str]:
    """Each traditional character with its simplified one, in the order of the code."""
    characters = [chr(code) for code in range(FIRST, LAST + 1)]
    # One character a line, so that OpenCC does not match phrases across two of them.
    converted = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return [
        one + other
        for one, other in zip(characters, converted, strict=True)
        if one != other and len(other) == 1 and one not in UNCHANGED
    ]


def main() -> None:
    """Print the table."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    print(f"# OpenCC {version('opencc')} (Apache-2.0), t2s, by tools/simplified.py")
    print("\n".join(pairs()))


if __name__ == "__main__":
    main()
