"""Times: from columns of text, digits or timestamps to local times without a time zone, or to whole numbers."""
