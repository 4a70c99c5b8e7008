"""Policy monitor: watches what China's governments promise about AI and computing."""

import sys

__version__ = "0.1.0"

# httpx loads its command line wherever the libraries for that are installed, rich and pygments
# among them: a tenth of the start of a command. ``None`` says that there is no such module, and
# httpx does without it.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
