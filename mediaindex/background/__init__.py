"""`watch` as a service: its loop, its throttle, its log, and the service managers."""
