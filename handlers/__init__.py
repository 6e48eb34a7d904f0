"""The verbs: one file per family, each verb a function and its row in the command table."""
