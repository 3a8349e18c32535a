"""Which files there are, and what changed: scans, rules, identity of content, volumes."""
