"""The write corridor for many files: scan → reconcile → decode → embed → commit → confirm."""
