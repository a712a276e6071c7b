"""From hidden vectors to distributions: loss, quantiles, mean, samples, log-density."""
