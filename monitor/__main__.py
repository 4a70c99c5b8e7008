"""Where the program begins: the console script ``monitor``, and ``python -m monitor``."""

import gc
import sys

# What modules define stays: the collector would walk it again and again for nothing. It is let
# loose when a command is loaded.
gc.disable()

# httpx goes without its own command line, as if its extra were not installed, and so loads neither
# click nor rich nor pygments: a twelfth of the start.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

from monitor.cli.app import main  # noqa: E402 - loaded without the collector

if __name__ == "__main__":
    main()
