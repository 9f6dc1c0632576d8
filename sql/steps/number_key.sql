-- The place of a Pith number among all: 10 bits for the first two characters of its id below those
-- of its year, so that keys are in the order of the numbers. What is no number comes last.
-- `number` is the text.
if(
    regexp_matches(number, '^pith:[0-9]{4}:[2-7A-Z]{2}'),
    substr(number, 6, 4)::integer * 1024
    + (strpos('234567ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(number, 11, 1)) - 1) * 32
    + strpos('234567ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(number, 12, 1)) - 1,
    16777215
)
