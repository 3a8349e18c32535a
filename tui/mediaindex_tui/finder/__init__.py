"""The finder: a process beside the interface that thinks, so that the interface only draws."""
