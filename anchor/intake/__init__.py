"""What comes in, to digests and jobs: files, folders, uploads."""
