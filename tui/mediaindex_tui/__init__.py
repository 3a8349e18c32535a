"""The terminal interface: type a sentence, see the moments, land on one."""
