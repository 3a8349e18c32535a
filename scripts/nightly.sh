#!/bin/sh
# `mediaindex eval --nightly ARGS…` from this checkout, its .venv set up where that is missing or stale.
# In a crontab: 30 3 * * * /path/to/scripts/nightly.sh
exec "$(dirname "$(readlink -f "$0")")/evaluate.py" --nightly "$@"
