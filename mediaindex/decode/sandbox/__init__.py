"""The bounded child process: how it is started, confined and spoken to."""
