"""Files: from bytes on disk or standard input to columns of text, and back."""
