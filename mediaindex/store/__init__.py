"""The library: one video's rows and vectors appear and vanish together."""
