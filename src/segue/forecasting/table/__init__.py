"""Tables as people have them: files and frames to panels of series, and back."""
