"""Settings → the objects and values that commands and the interface work with; below, plain values.

Importing this loads no network and no store; what a function gives may.
"""
