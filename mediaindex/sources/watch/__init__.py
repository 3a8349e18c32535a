"""Changes of folders, as the operating system tells them and as a second look confirms them."""
