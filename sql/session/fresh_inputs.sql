-- The inputs of which `documents` is to have new rows: that changed, or have a fresh document.
select inputs.*
from inputs
left join changed_inputs as changed using (path, position)
where changed.path is not null or inputs.doc in (select doc from fresh)
