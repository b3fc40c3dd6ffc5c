"""What a graduate gets in the hand: archival PDF, badges, and the sheet on which a second person looks at them."""
