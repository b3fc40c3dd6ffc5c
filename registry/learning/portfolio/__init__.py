"""Portfolios: many credentials of one learner in one file, each with its own proof."""
