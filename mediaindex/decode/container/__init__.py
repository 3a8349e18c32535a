"""What a container file says of itself: streams, timeline, tags. Runs in the child process."""
