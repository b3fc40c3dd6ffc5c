"""Evidence of assessment: rubrics and results, who assessed and who moderated, and what learning systems recorded."""
