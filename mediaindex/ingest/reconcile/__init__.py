"""What a scanned file means for the library, decided before anything is decoded."""
