-- The keys that all live documents carry.
from part_keys
semi join live using (doc)
