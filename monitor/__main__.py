"""Where the program begins: the console script ``monitor``, and ``python -m monitor``."""

import gc

# What modules define stays: the collector would walk it again and again for nothing. It is let
# loose when a command is loaded.
gc.disable()

from monitor.cli.app import main  # noqa: E402 - loaded without the collector

if __name__ == "__main__":
    main()
