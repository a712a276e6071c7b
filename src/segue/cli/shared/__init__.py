"""Functions and options that several verbs share."""
