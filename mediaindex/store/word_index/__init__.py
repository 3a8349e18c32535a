"""What stands behind the words channel: the library's vocabulary, and which rows answer which terms."""
