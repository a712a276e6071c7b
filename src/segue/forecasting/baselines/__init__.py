"""What every learnt forecaster is compared with."""
