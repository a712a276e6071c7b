"""NanoTST: scales and features of the past, a transformer over patches, quantiles."""
