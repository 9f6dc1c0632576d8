-- The inputs that get a new row in `documents`: they changed, or their document is fresh.
select inputs.*
from inputs
left join changed_inputs as changed using (path, position)
where changed.path is not null or inputs.doc in (select doc from fresh)
