"""The synthetic series: a generative grammar of terminals and productions."""
