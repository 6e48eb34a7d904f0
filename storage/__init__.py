"""Everything Dragoman keeps: tables, queries, the unit of work, the cipher and the backup."""
