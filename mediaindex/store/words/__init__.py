"""What counts as a word: of a text that is indexed, of a query, of a file's tags. Values only, no rows."""
