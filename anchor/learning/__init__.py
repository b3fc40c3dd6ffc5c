"""Portfolios and pathways of learners: files in, verdicts asked for, files and pages out."""
