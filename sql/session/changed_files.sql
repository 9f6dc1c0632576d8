-- The files that must be read.
from current_files
anti join unchanged using (path)
