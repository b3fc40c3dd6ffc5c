"""Workbooks of strangers, cell by cell: bounded before anything reads them, with what of them to distrust."""
