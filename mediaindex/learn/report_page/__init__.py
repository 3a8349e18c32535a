"""What an evaluation found, as one HTML page that opens offline."""
