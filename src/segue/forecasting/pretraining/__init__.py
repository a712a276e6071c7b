"""Pretraining on synthetic series only."""
