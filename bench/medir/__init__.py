"""The benchmark driver: launches clusters and peers, measures them side by side, writes the report."""
