"""What `features` and `eval` share: features of benchmarks, and the figures that come of them."""
