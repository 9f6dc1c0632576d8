"""Running staging as tasks, and keeping its parts for the next build."""
