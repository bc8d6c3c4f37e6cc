"""Stand-alone tools for files, trust and stores."""
