"""The classical forecasters with which every learnt one is compared."""
