"""The main job, from nothing to verdicts, with made-up credentials."""
