"""Training: feature files become a generator with its constants, its report and its gate."""
