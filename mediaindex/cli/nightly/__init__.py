"""The nightly evaluation: what is measured, what is printed, and its page."""
