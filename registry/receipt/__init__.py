"""The receipt a holder keeps."""
