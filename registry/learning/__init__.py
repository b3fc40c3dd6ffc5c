"""What a learner has and where it leads: portfolios, pathways, evidence of assessment, and suggestions for people."""
