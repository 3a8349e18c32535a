#!/usr/bin/env python3
"""Runs `mediaindex eval ARGS…` from this checkout, its .venv set up where that is missing or stale.

scripts/evaluate.py library
scripts/evaluate.py msrvtt --videos ~/msrvtt/videos --annotations ~/msrvtt/annotations
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036  an older Python says so in one line
    sys.exit("mediaindex needs Python 3.11 or newer, this is " + sys.version.split()[0])

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import _environment

_environment.run(["eval", *sys.argv[1:]])
