"""From a found moment to other programs; today to a video player."""
