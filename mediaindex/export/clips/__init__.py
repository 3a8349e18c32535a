"""Cuts as films of their own, made by ffmpeg."""
