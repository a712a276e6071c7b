"""Columns of numbers: from text in the form of any country to float64."""
