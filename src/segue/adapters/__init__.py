"""The interfaces of other libraries over live series; each module needs the extra of its name."""
