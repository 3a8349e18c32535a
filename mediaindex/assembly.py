"""Settings → the objects that commands and the interface work with."""
