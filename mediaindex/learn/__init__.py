"""What trains and what measures."""
