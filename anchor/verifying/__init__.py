"""Files and folders of a verifier, to verdicts."""
