-- What was read and what became of it: the sources and containers with the most that was not read
-- whole come first.
from inputs
order by rows - documents desc, source, container
limit 100
