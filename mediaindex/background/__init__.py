"""`watch` as a service: its loop, its restraint, its log, and the service managers."""
