"""The page that forecasts in the browser alone, beside the library: the same files, the same numbers."""
