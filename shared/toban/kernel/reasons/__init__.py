"""Why something failed: recorded in English, read in the language of the reader."""
