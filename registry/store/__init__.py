"""What is kept on disk: the database and the tree files of one data folder."""
