"""The page on which a learner has a portfolio in the browser: its program in JavaScript."""
