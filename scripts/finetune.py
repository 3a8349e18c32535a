#!/usr/bin/env python3
"""Runs `mediaindex train ARGS…` from this checkout, its .venv set up where that is missing or stale.

scripts/finetune.py                                   on the captions of your library
scripts/run features ~/Videos --split train --out train.parquet
scripts/finetune.py --features train.parquet --out generator
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036  an older Python says so in one line
    sys.exit("mediaindex needs Python 3.11 or newer, this is " + sys.version.split()[0])

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import _environment

_environment.run(["train", *sys.argv[1:]])
