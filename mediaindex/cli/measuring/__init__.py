"""What `features`, `eval` and `train` share: features of benchmarks, and the figures that come of them."""
