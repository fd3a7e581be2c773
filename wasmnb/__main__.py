"""``python -m wasmnb``: the same as the program ``wasmnb``."""

import sys

from wasmnb.cli import main

if __name__ == "__main__":
    sys.exit(main())
