"""`python -m mediaindex` is the command `mediaindex`."""

from mediaindex.cli import run

if __name__ == "__main__":
    run()
