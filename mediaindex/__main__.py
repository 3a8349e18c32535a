"""`python -m mediaindex` is the command `mediaindex`."""

import sys

from mediaindex.cli import main

if __name__ == "__main__":
    sys.exit(main())
