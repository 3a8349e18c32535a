"""What decodes: one library a file, behind one protocol. Runs in the child process."""
