"""Where the weights of encoders come from: files, checkpoints, the cache of the hub."""
