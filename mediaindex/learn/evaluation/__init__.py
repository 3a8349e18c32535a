"""How well a ranking finds: metrics, trials, reports."""
