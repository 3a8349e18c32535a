"""What several commands share: parsing, printing, requests to the writer."""
